public import Bytes
import Caching
import HTTPCore

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

    /// Its route and path for the access log.
    public func label(_ format: LineFormat?) -> AccessLabel {
        let own = target
        guard let parts = Target(own.span) else { return AccessLabel(route: .none) }
        let path = own.span.extracting(parts.path)
        return AccessLabel(Route(path: path), path, format)
    }

    /// What the access log's lines of a hit, GET and with the whole body, have in common. It is made for the first of them.
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
    /// The label of a request for a path; without it where there is no access log.
    public init(_ route: Route, _ path: Span<UInt8>, _ format: LineFormat?) {
        if let format {
            self.init(route: route, path: path, format: format)
        } else {
            self.init(route: route.kind)
        }
    }
}
