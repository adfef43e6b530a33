public import Bytes
import Caching
import Catalog
import HTTPCore

extension Route {
    /// The kinds of route that metrics and the access log distinguish.
    public enum Kind: UInt8, CaseIterable, Sendable {
        case models, count, user, model, endpoints, list, data, export, health, readiness, own
        /// Anything that is passed through.
        case other
        /// A request whose path could not be read.
        case none

        /// Whether its answers are about Larder itself: web pages of other origins may not read them.
        public var isOwn: Bool {
            switch self {
            case .export, .health, .readiness, .own: true
            case .models, .count, .user, .model, .endpoints, .list, .data, .other, .none: false
            }
        }

        /// The value of the label `route`.
        public var name: StaticString {
            switch self {
            case .models: "models"
            case .count: "count"
            case .user: "user"
            case .model: "model"
            case .endpoints: "endpoints"
            case .list: "list"
            case .data: "data"
            case .export: "export"
            case .health: "health"
            case .readiness: "readiness"
            case .own: "own"
            case .other: "other"
            case .none: "none"
            }
        }
    }

    /// The kind of this route.
    public var kind: Kind {
        switch self {
        case .models: .models
        case .count: .count
        case .user: .user
        case .model: .model
        case .endpoints: .endpoints
        case .list: .list
        case .data: .data
        case .export: .export
        case .health: .health
        case .readiness: .readiness
        case .own: .own
        case .other: .other
        }
    }
}

extension Resource {
    /// Its name for operators: the upstream request, without a caller's own text. The value of a parameter is left out
    /// if Larder does not know the parameter or if the value looks like a key. The rest is printable ASCII and cut.
    public var label: String {
        switch self {
        case .catalog: "/models"
        case .userList: Self.userPath
        case .model(let id): Self.printable("/model/" + id)
        case .facet(let name, of: .catalog): "/models?" + Self.shown(name.pair)
        case .facet(let name, of: .user): Self.userPath + "?" + Self.shown(name.pair)
        case .past: upstreamTarget
        case .opaque(let path, "", _): Self.printable(path)
        case .opaque(let path, _, _): Self.printable(path) + "?..."
        }
    }

    private static let longest = 80
    private static func shown(_ pair: String) -> String {
        let parts = pair.split(separator: "=", maxSplits: 1)
        guard let name = parts.first,
            let definition = ParameterTable.find(Array(name.utf8).span), definition.hasShownValue
        else { return "..." }
        guard parts.count == 2, !parts[1].contains("sk-") else { return name + "=..." }
        return printable(pair)
    }

    private static func printable(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(longest).map {
            (0x21...0x7E).contains($0.value) && $0 != "\"" && $0 != "\\" ? Character($0) : "_"
        }
        return String(shown) + (text.unicodeScalars.count > longest ? "..." : "")
    }
}

extension Answer {
    /// The kind of route that it answers.
    @inline(__always)
    public func kind() -> Route.Kind {
        if let routeKind { return routeKind }
        let own = target
        let kind = Target(own.span).map { Route(path: own.span.extracting($0.path)).kind } ?? .none
        routeKind = kind
        return kind
    }

    /// Its route and path for the access log. The caller adds the view's name.
    public func label(_ format: LineFormat?) -> AccessLabel {
        let own = target
        guard let parts = Target(own.span) else { return AccessLabel(route: .none) }
        let path = own.span.extracting(parts.path)
        return AccessLabel(Route(path: path), path, format)
    }

    /// The common part of the access log lines of a hit, for GET with the complete body. It is made for the first of
    /// them.
    @inline(__always)
    public func hitLine(_ format: LineFormat) -> SharedBytes { accessLine ?? makeHitLine(format) }

    private func makeHitLine(_ format: LineFormat) -> SharedBytes {
        let line = AccessFormatter.middle(
            AccessRecord(
                method: .get, label: label(format), status: status.rawValue, decision: .hit, age: nil,
                bytes: body.count, nanoseconds: 0, key: 0), format)
        accessLine = line
        return line
    }
}

extension AccessLabel {
    /// The label of a request for a path; the path is left out if there is no access log.
    public init(_ route: Route, _ path: Span<UInt8>, _ format: LineFormat?) {
        if let format {
            self.init(route: route, path: path, format: format)
        } else {
            self.init(route: route.kind)
        }
    }
}

/// Larder's own paths that show the history of the catalogue.
public enum HistoryPath: Equatable, Sendable {
    /// The changes, as JSON or as server-sent events.
    case changes
    /// The changes as an Atom feed.
    case feed
    /// The prices of one model over time; its id, decoded.
    case model(String)

    private static let models: StaticString = "/_larder/history/"

    /// Nil if the path is none of them. The slash of a model's id may be spelled `%2F`.
    public init?(path: Span<UInt8>) {
        if path.equals("/_larder/changes") {
            self = .changes
        } else if path.equals("/_larder/changes.atom") {
            self = .feed
        } else if path.starts(with: Self.models) {
            let id = PercentEncoding.decoded(path.extracting(Self.models.utf8CodeUnitCount..<path.count))
            guard !id.isEmpty, let text = String(validating: id, as: UTF8.self) else { return nil }
            self = .model(text)
        } else {
            return nil
        }
    }
}

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
