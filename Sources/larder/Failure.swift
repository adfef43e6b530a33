import ArgumentParser

/// Why a command ends without having done its work: a line for standard error, and the exit code.
struct Failure: Error {
    let message: String
    let code: ExitCode
}

extension ExitCode {
    /// The settings are not good (`EX_CONFIG` of sysexits.h).
    static let badSettings = ExitCode(78)
}
