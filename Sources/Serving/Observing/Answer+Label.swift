import Bytes
public import HTTPCore

extension Answer {
    /// Its route and path for metrics and, if there is one, the access log; made when it is first asked for.
    @inline(__always)
    public func label(_ format: LineFormat?) -> AccessLabel {
        if let accessLabel { return accessLabel }
        let own = target
        let label =
            if let parts = Target(own.span) { AccessLabel(target: own.span, parts, format) } else {
                AccessLabel(route: .none)
            }
        accessLabel = label
        return label
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
