public import Bytes
public import HTTPCore

/// Where a request that is passed through goes upstream, and where upstream's redirections lead here.
///
/// A path under `/api/` keeps itself; any other is appended to the base URL once its root is off. With a base URL of
/// `http://host/x/api/v1`, everything stands below `/x`.
public struct UpstreamMap: Sendable, Equatable {
    /// Scheme and authority, `https://openrouter.ai`.
    public let origin: String
    /// The base URL's path, `/api/v1`, without a slash at its end.
    private let basePath: [UInt8]
    /// What stands before `/api/` upstream: the base path without `/api/v1`, nothing if it does not end so.
    private let apiPrefix: [UInt8]

    private static let root = Array("/api/v1".utf8)

    /// The map of a base URL, which is `http` or `https`, with no query.
    public init(baseURL: String) {
        let bytes = Array(baseURL.utf8)
        let text = bytes.span
        let afterScheme = (text.firstIndex(of: UInt8(ascii: ":")) ?? -3) + 3
        let slash = text.firstIndex(of: UInt8(ascii: "/"), from: afterScheme) ?? text.count
        origin = text.extracting(0..<slash).text()
        var path = Array(bytes[slash...])
        while path.last == UInt8(ascii: "/") { path.removeLast() }
        basePath = path
        apiPrefix = path.suffix(Self.root.count).elementsEqual(Self.root) ? path.dropLast(Self.root.count) : []
    }

    /// Appends the target to ask upstream with, for a request target with these parts; the query is as it was sent.
    public func appendTarget(for target: Span<UInt8>, _ parts: Target, to out: inout ByteBuilder) {
        let path = target.extracting(parts.path)
        let start = out.count
        if let rest = Self.rest(of: path, after: "/api/v1") {
            out.append(basePath.span)
            out.append(path.extracting(rest...))
        } else if path.starts(with: "/api/") {
            out.append(apiPrefix.span)
            out.append(path)
        } else {
            out.append(basePath.span)
            if !path.equals("/") { out.append(path.extracting((Self.rest(of: path, after: "/v1") ?? 0)...)) }
        }
        if out.count == start { out.append("/") }
        if let query = parts.query {
            out.append("?")
            out.append(target.extracting(query))
        }
    }

    /// Where a path goes on behind a root; nil if it does not begin with it.
    private static func rest(of path: Span<UInt8>, after root: StaticString) -> Int? {
        let size = root.utf8CodeUnitCount
        guard path.starts(with: root), path.count == size || path[size] == UInt8(ascii: "/") else { return nil }
        return size
    }

    /// A `Location` of upstream's as the client can follow it: one under the base URL, or beside it under `/api/`, becomes a
    /// path here; any other stays where it leads, so that a bare path gets upstream's origin.
    public func location(_ value: [UInt8]) -> [UInt8] {
        var path = value[...]
        let own = Array(origin.utf8)
        if path.starts(with: own) {
            path = path.dropFirst(own.count)
            guard path.isEmpty || path.first == UInt8(ascii: "/") else { return value }
        } else if path.first != UInt8(ascii: "/") || path.dropFirst().first == UInt8(ascii: "/") {
            return value
        }
        if path.starts(with: basePath), isEnd(path.dropFirst(basePath.count)) {
            return Self.root + path.dropFirst(basePath.count)
        }
        if path.starts(with: apiPrefix + Array("/api/".utf8)) { return Array(path.dropFirst(apiPrefix.count)) }
        return value.first == UInt8(ascii: "/") ? own + value : value
    }

    private func isEnd(_ rest: ArraySlice<UInt8>) -> Bool {
        guard let next = rest.first else { return true }
        return next == UInt8(ascii: "/") || next == UInt8(ascii: "?") || next == UInt8(ascii: "#")
    }
}
