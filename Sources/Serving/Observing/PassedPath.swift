import Bytes

/// Which of upstream's known paths a request that is passed through is for. It is one of a fixed list, so that nothing of
/// a caller's own is shown, and so that there are few kinds.
public enum PassedPath: UInt8, CaseIterable, Sendable {
    case chat, completions, responses, messages, embeddings, rerank, key, keys, credits, generation, activity, models
    case images, videos, audio
    /// Any other path.
    case other

    /// Reads a path, whatever its root, below a view or not. What is below a known path belongs to it.
    public init(_ path: Span<UInt8>) {
        let path = path.extracting(ViewPrefix.length(of: path)...)
        let resource = path.extracting(Route.rootLength(path)...)
        self = Self.allCases.first { $0 != .other && $0.contains(resource) } ?? .other
    }

    private func contains(_ resource: Span<UInt8>) -> Bool {
        let name = name
        guard resource.starts(with: name) else { return false }
        return resource.count == name.utf8CodeUnitCount || resource[name.utf8CodeUnitCount] == UInt8(ascii: "/")
    }

    private var name: StaticString {
        switch self {
        case .chat: "/chat/completions"
        case .completions: "/completions"
        case .responses: "/responses"
        case .messages: "/messages"
        case .embeddings: "/embeddings"
        case .rerank: "/rerank"
        case .key: "/key"
        case .keys: "/keys"
        case .credits: "/credits"
        case .generation: "/generation"
        case .activity: "/activity"
        case .models: "/models"
        case .images: "/images"
        case .videos: "/videos"
        case .audio: "/audio"
        case .other: "other"
        }
    }

    /// What stands for the request in reports: `passed through /chat/completions`, `passed through other`.
    public var label: String { Self.labels[Int(rawValue)] }

    private static let labels = allCases.map { "passed through \($0.name)" }
}
