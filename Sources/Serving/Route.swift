import Bytes

/// What a request path names, once its root and a trailing slash are off.
public enum Route: Equatable, Sendable {
    /// `/models`
    case models
    /// `/models/count`
    case count
    /// `/models/user`
    case user
    /// `/model/{author}/{slug}` or `/models/{author}/{slug}`. The range is that of `{author}/{slug}` in the path, as
    /// spelled; `isPlural` tells the second form, whose answer also has what OpenAI's clients read.
    case model(Range<Int>, isPlural: Bool)
    /// `/models/{author}/{slug}/endpoints`. The range is that of `{author}/{slug}` in the path, as spelled.
    case endpoints(Range<Int>)
    /// A list that is kept as it comes. The text is its path below the base URL.
    case list(StaticList)
    /// `/healthz`
    case health
    /// `/readyz`
    case readiness
    /// `/metrics` and all below `/_larder`: Larder's own, whether there is anything or not, and never upstream's.
    case own
    /// Anything else.
    case other

    /// The lists that are kept as they come.
    public enum StaticList: String, Sendable, CaseIterable {
        /// `/providers`
        case providers = "/providers"
        /// `/endpoints/zdr`
        case endpointsWithoutRetention = "/endpoints/zdr"
        /// `/embeddings/models`
        case embeddings = "/embeddings/models"
        /// `/images/models`
        case images = "/images/models"
        /// `/videos/models`
        case videos = "/videos/models"

        init?(_ resource: Span<UInt8>) {
            if resource.equals("/providers") {
                self = .providers
            } else if resource.equals("/endpoints/zdr") {
                self = .endpointsWithoutRetention
            } else if resource.equals("/embeddings/models") {
                self = .embeddings
            } else if resource.equals("/images/models") {
                self = .images
            } else if resource.equals("/videos/models") {
                self = .videos
            } else {
                return nil
            }
        }
    }

    /// Reads a path. The roots `/api/v1`, `/v1` and none are the same; the slash between author and slug may be spelled
    /// `%2F`. Nothing is allocated.
    public init(path: Span<UInt8>) {
        if path.equals("/healthz") {
            self = .health
            return
        }
        if path.equals("/readyz") {
            self = .readiness
            return
        }
        if path.equals("/metrics") || path.equals("/_larder") || path.starts(with: "/_larder/") {
            self = .own
            return
        }
        let start = Route.rootLength(path)
        var end = path.count
        if end > start + 1, path[end - 1] == UInt8(ascii: "/") { end -= 1 }
        let resource = path.extracting(start..<end)
        if resource.equals("/models") {
            self = .models
        } else if resource.equals("/models/count") {
            self = .count
        } else if resource.equals("/models/user") {
            self = .user
        } else if resource.starts(with: "/models/"), Route.isModelPath(resource, 8..<resource.count) {
            self = .model(start + 8..<end, isPlural: true)
        } else if resource.starts(with: "/models/"), let names = Route.beforeEndpoints(resource),
            Route.isModelPath(resource, names)
        {
            self = .endpoints(start + names.lowerBound..<start + names.upperBound)
        } else if resource.starts(with: "/model/"), Route.isModelPath(resource, 7..<resource.count) {
            self = .model(start + 7..<end, isPlural: false)
        } else if let list = StaticList(resource) {
            self = .list(list)
        } else {
            self = .other
        }
    }

    private static func rootLength(_ path: Span<UInt8>) -> Int {
        if path.starts(with: "/api/v1/") { return 7 }
        if path.starts(with: "/v1/") { return 3 }
        return 0
    }

    /// What stands between `/models/` and `/endpoints`, or nil if the path does not end so.
    private static func beforeEndpoints(_ path: Span<UInt8>) -> Range<Int>? {
        let end = path.count - 10
        guard end > 8, path.extracting(end..<path.count).equals("/endpoints") else { return nil }
        return 8..<end
    }

    /// Whether exactly two segments that are not empty stand there, `%2F` counting as a slash. A dot segment (RFC 3986
    /// section 3.3) is none, however it is spelled: upstream would take the path for another one.
    private static func isModelPath(_ path: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var slashes = 0
        var length = 0
        var dots = 0
        var index = range.lowerBound
        while index < range.upperBound {
            let slash = slashWidth(path, index)
            if slash > 0 {
                guard length > dots || length > 2 else { return false }
                slashes += 1
                length = 0
                dots = 0
                index += slash
            } else {
                let dot = dotWidth(path, index)
                if dot > 0 { dots += 1 }
                length += 1
                index += max(1, dot)
            }
        }
        return slashes == 1 && (length > dots || length > 2)
    }

    private static func dotWidth(_ path: Span<UInt8>, _ index: Int) -> Int {
        if path[index] == UInt8(ascii: ".") { return 1 }
        guard path[index] == UInt8(ascii: "%"), index + 2 < path.count, path[index + 1] == UInt8(ascii: "2"),
            asciiLowercased(path[index + 2]) == UInt8(ascii: "e")
        else { return 0 }
        return 3
    }

    private static func slashWidth(_ path: Span<UInt8>, _ index: Int) -> Int {
        if path[index] == UInt8(ascii: "/") { return 1 }
        guard path[index] == UInt8(ascii: "%"), index + 2 < path.count, path[index + 1] == UInt8(ascii: "2"),
            asciiLowercased(path[index + 2]) == UInt8(ascii: "f")
        else { return 0 }
        return 3
    }
}
