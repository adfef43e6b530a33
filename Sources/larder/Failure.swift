import ArgumentParser
import Daemon

/// Why a command ends without having done its work: a line for standard error, and the exit code.
struct Failure: Error {
    let message: String
    let code: ExitCode
}

extension ExitCode {
    /// The settings are not good (`EX_CONFIG` of sysexits.h).
    static let badSettings = ExitCode(78)
}

extension Failure {
    /// A running Larder could not be asked, or would not answer.
    init(_ failure: ClientFailure) { self.init(message: failure.description, code: .failure) }
}
