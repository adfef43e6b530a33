import Upstream

/// Why a running Larder could not be asked, or would not answer: one line for a person.
public struct ClientFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The line.
    public let description: String

    /// Whether there was no answer at all.
    let isSilent: Bool

    init(_ description: String, isSilent: Bool = false) {
        self.description = description
        self.isSilent = isSilent
    }

    /// There was no answer from an address.
    init(_ failure: FetchFailure, at address: LarderAddress) {
        let why =
            switch failure {
            case .unreachable, .nameNotResolved:
                "no Larder answers there; start one with `larder serve`, or say with --url where it is"
            case .timeout(let phase): "it took too long: \(phase.rawValue)"
            case .tls(let why), .cut(let why), .malformed(let why), .other(let why): why
            case .redirectElsewhere, .tooManyRedirects: "it redirects elsewhere, which no Larder does"
            case .tooLarge, .cancelled: failure.message
            }
        self.init("\(address): \(why)", isSilent: true)
    }

    /// The answer is a refusal: its own message, else its status.
    init(_ response: FetchedResponse, at address: LarderAddress) {
        if let message = ErrorBody.message(response.body) {
            self.init(DisplayText.printable(message))
        } else {
            self.init("\(address) answered \(response.status)")
        }
    }
}
