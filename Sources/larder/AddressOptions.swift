import ArgumentParser
import Daemon
import FoundationEssentials

/// The flag that says which running Larder is asked.
struct AddressOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where Larder listens: http://HOST:PORT or unix:PATH. By default LARDER_URL of the environment, else "
                + "http://127.0.0.1:5273.", valueName: "url"))
    var url: String?

    /// The address that the flag names, else the environment, else the usual one.
    var address: LarderAddress {
        get throws {
            if let url { return try read(url, from: "--url") }
            let variable = ProcessInfo.processInfo.environment[LarderAddress.variable]
            if let variable, !variable.isEmpty { return try read(variable, from: LarderAddress.variable) }
            return .standard
        }
    }

    private func read(_ text: String, from place: String) throws -> LarderAddress {
        if let address = LarderAddress(text) { return address }
        throw Failure(
            message: "\(place) is \"\(text)\", but must be http://HOST:PORT or unix:PATH", code: .validationFailure)
    }
}
