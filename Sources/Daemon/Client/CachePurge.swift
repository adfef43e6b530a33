import Bytes
import JSONDocument
import Upstream

/// Makes a running Larder forget, as `larder purge` does.
public enum CachePurge {
    /// What is to be forgotten.
    public enum Target: Sendable, Equatable {
        /// The catalogue.
        case catalog
        /// What was kept for the key of a fingerprint.
        case key(String)
        /// Everything.
        case all

        var query: String {
            switch self {
            case .catalog: "catalog=1"
            case .key(let fingerprint): QueryText.query([("key", fingerprint)])
            case .all: "all=1"
            }
        }
    }

    /// Whether a text has the form of a key's fingerprint: 8 hex digits in lower case.
    public static func isFingerprint(_ text: String) -> Bool {
        text.utf8.count == 8 && text.utf8.allSatisfy { Array("0123456789abcdef".utf8).contains($0) }
    }

    /// Asks for it; a sentence on what came of it.
    public static func run(_ address: LarderAddress, _ target: Target) throws(ClientFailure) -> String {
        let response = try LarderClient.askSuccessfully(address, "/_larder/purge?\(target.query)", method: .post)
        guard let document = try? JSONDocument(parsing: response.body.span),
            let count = document.root["purged"]?.rawNumber.flatMap({ Int($0) })
        else { throw ClientFailure("\(address) does not say what it has forgotten: is it a Larder?") }
        return count == 1 ? "forgot 1 copy" : "forgot \(count) copies"
    }
}
