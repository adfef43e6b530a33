import Bytes
import HTTPCore

/// The route of a request path, after its root and a trailing slash are removed.
public enum Route: Equatable, Sendable {
    /// `/models`
    case models
    /// `/models/count`
    case count
    /// `/models/user`
    case user
    /// `/model/{author}/{slug}` or `/models/{author}/{slug}`. The range is that of `{author}/{slug}` in the path, as
    /// spelled; `isPlural` marks the second form, whose answer also has the members that OpenAI's clients read.
    case model(Range<Int>, isPlural: Bool)
    /// `/models/{author}/{slug}/endpoints`. The range is that of `{author}/{slug}` in the path, as spelled.
    case endpoints(Range<Int>)
    /// A list that is kept as received. The text is its path below the base URL.
    case list(StaticList)
    /// Upstream's data, which upstream rate-limits strictly: `/benchmarks`, all below `/datasets/`,
    /// `/classifications/task`, `/tools` and `/tools/{name}`. The range is that of the resource in the path, as
    /// spelled.
    case data(Range<Int>)
    /// `/healthz`
    case health
    /// `/readyz`
    case readiness
    /// A representation of the catalogue below `/_larder/export/`, by its number in `Representation.exports`.
    case export(Int)
    /// `/metrics` and all other paths below `/_larder`: always Larder's own, whether the page exists or not, and never sent
    /// upstream.
    case own
    /// Anything else.
    case other

    /// The bases below which upstream's resources are found. They differ in the form of lists and single models.
    public enum Base: Sendable {
        /// `/api/v1`, `/v1` or none: upstream's own form.
        case upstream
        /// `/openai/v1`: the form of OpenAI's API.
        case openAI
    }

    /// The base that a path names, below a view or not.
    public static func base(of path: Span<UInt8>) -> Base {
        path.extracting(ViewPrefix.length(of: path)...).starts(with: "/openai/v1/") ? .openAI : .upstream
    }

    /// The paths below `/_larder/export/`.
    public static let exportPaths = Representation.exports.map { "/_larder/export/\($0.name)" }

    /// The lists that are kept as received.
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

    /// Reads a path. The roots `/api/v1`, `/v1`, `/openai/v1` and none are equivalent; the slash between author and slug may be
    /// spelled `%2F`. A path below a view has the route of its rest, but none of Larder's own paths is there. Nothing is
    /// allocated.
    public init(path: Span<UInt8>) {
        guard let view = ViewPrefix(path) else {
            self.init(plain: path)
            return
        }
        switch Route(plain: path.extracting(view.length...)) {
        case .model(let range, let isPlural): self = .model(range.moved(by: view.length), isPlural: isPlural)
        case .endpoints(let range): self = .endpoints(range.moved(by: view.length))
        case .data(let range): self = .data(range.moved(by: view.length))
        case .health, .readiness, .export: self = .own
        case let route: self = route
        }
    }

    /// Reads a path that names no view.
    private init(plain path: Span<UInt8>) {
        if path.equals("/healthz") {
            self = .health
            return
        }
        if path.equals("/readyz") {
            self = .readiness
            return
        }
        if path.equals("/metrics") || path.equals("/_larder") || path.starts(with: "/_larder/") {
            self = Route.export(path).map { .export($0) } ?? .own
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
        } else if Route.isData(resource) {
            self = .data(start..<end)
        } else {
            self = .other
        }
    }

    static func rootLength(_ path: Span<UInt8>) -> Int {
        if path.starts(with: "/api/v1/") { return 7 }
        if path.starts(with: "/v1/") { return 3 }
        return base(of: path) == .openAI ? 10 : 0
    }

    private static func export(_ path: Span<UInt8>) -> Int? {
        let folder: StaticString = "/_larder/export/"
        guard path.starts(with: folder) else { return nil }
        let name = path.extracting(folder.utf8CodeUnitCount..<path.count)
        for (index, export) in Representation.exports.enumerated() where name.equals(export.name) { return index }
        return nil
    }

    /// The part between `/models/` and `/endpoints`, or nil if the path does not have this form.
    private static func beforeEndpoints(_ path: Span<UInt8>) -> Range<Int>? {
        let end = path.count - 10
        guard end > 8, path.extracting(end..<path.count).equals("/endpoints") else { return nil }
        return 8..<end
    }

    private static func isData(_ resource: Span<UInt8>) -> Bool {
        if resource.equals("/benchmarks") || resource.equals("/classifications/task") || resource.equals("/tools") {
            return true
        }
        if resource.starts(with: "/tools/") { return slashes(in: resource, 7..<resource.count) == 0 }
        return resource.starts(with: "/datasets/") && slashes(in: resource, 10..<resource.count) != nil
    }

    /// Whether there are exactly two segments, neither of them empty, with `%2F` counted as a slash.
    private static func isModelPath(_ path: Span<UInt8>, _ range: Range<Int>) -> Bool {
        slashes(in: path, range) == 1
    }

    /// The number of slashes between segments, with `%2F` counted as one; nil if a segment is empty or a dot segment
    /// (RFC 3986 section 3.3) in any spelling: upstream would treat it as another path.
    private static func slashes(in path: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var slashes = 0
        var length = 0
        var dots = 0
        var index = range.lowerBound
        while index < range.upperBound {
            let slash = slashWidth(path, index)
            if slash > 0 {
                guard length > dots || length > 2 else { return nil }
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
        return length > dots || length > 2 ? slashes : nil
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

extension Range<Int> {
    /// The same range, some places further on.
    fileprivate func moved(by offset: Int) -> Range<Int> { lowerBound + offset..<upperBound + offset }
}

/// The routes that accept queries.
enum QueriedRoute: Equatable {
    case models, count, user
    /// One of `Representation.exports`.
    case export(Int)

    /// The list that they are answered from.
    var list: Resource { self == .user ? .userList : .catalog }

    /// The list that their facets belong to.
    var facetedList: Resource.FacetedList { self == .user ? .user : .catalog }

    /// Their path without the first slash, as written in the link to the next page.
    var resourceName: StaticString {
        switch self {
        case .models, .export: "models"
        case .count: "models/count"
        case .user: "models/user"
        }
    }

    /// Their path below upstream's base URL.
    var path: String { "/\(resourceName)" }
}

/// The routes whose bodies are kept as received.
extension Route {
    /// The normalized path below the base URL under which the bodies of such a route are kept. `path` is the request's.
    /// Nil for any other route, or if a name in the path is not UTF-8: upstream would get another name.
    func opaquePath(of path: Span<UInt8>) -> String? {
        switch self {
        case .endpoints(let range):
            let name = String(validating: PercentEncoding.decoded(path.extracting(range)), as: UTF8.self)
            return name.map { "/models/" + Resource.encodedPath($0) + "/endpoints" }
        case .list(let list): return list.rawValue
        case .data(let range): return Self.normalized(path.extracting(range).copied())
        case .models, .count, .user, .model, .health, .readiness, .export, .own, .other: return nil
        }
    }

    /// The path whose stored bodies are invalid once upstream has answered a request to `path` without an error (RFC
    /// 9111 section 4.4). Nil if the method is safe or nothing is kept for the route. An unknown method counts as unsafe.
    public func invalidatedPath(by method: Span<UInt8>, of path: Span<UInt8>) -> String? {
        let isSafe =
            method.equals("GET") || method.equals("HEAD") || method.equals("OPTIONS") || method.equals("TRACE")
        return isSafe ? nil : opaquePath(of: path)
    }

    /// The path with each segment in its one spelling; nil if it is not UTF-8.
    private static func normalized(_ path: [UInt8]) -> String? {
        var segments: [String] = []
        for segment in path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let bytes = PercentEncoding.decoded(Array(segment).span)
            guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
            segments.append(PercentEncoding.encodedSegment(bytes))
        }
        return segments.joined(separator: "/")
    }
}
