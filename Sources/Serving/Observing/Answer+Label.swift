public import Bytes
import Caching
public import HTTPCore

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
        return AccessLabel(target: own.span, parts, format)
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
    /// The label of a request for a target; without its path where there is no access log.
    public init(target: Span<UInt8>, _ parts: Target, _ format: LineFormat?) {
        let path = target.extracting(parts.path)
        let route = Route(path: path)
        if let format {
            self.init(route: route, path: path, format: format)
        } else {
            self.init(route: route.kind)
        }
    }
}
