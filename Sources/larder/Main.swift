import ArgumentParser

/// Where the process begins.
@main
enum Main {
    static func main() {
        do {
            var command = try Larder.parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            StandardError.write(failure.message)
            Larder.exit(withError: failure.code)
        } catch {
            let code = Larder.exitCode(for: error)
            // Help and the version come as errors too, and so does an exit code that a command has already explained.
            guard code == .validationFailure else { Larder.exit(withError: error) }
            StandardError.write(Larder.message(for: error))
            Larder.exit(withError: code)
        }
    }
}
