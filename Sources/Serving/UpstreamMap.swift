public import Bytes
public import HTTPCore

/// Maps the target of a request that is passed through to upstream, and upstream's redirections back to Larder.
///
/// A path under `/api/` is kept; any other is appended to the base URL after its root is removed. With a base URL of
/// `http://host/x/api/v1`, everything is below `/x`.
public struct UpstreamMap: Sendable, Equatable {
    /// Scheme and authority, `https://openrouter.ai`.
    public let origin: String
    /// The base URL's path, `/api/v1`, without a slash at its end.
    private let basePath: [UInt8]
    /// The part before `/api/` upstream: the base path without `/api/v1`, or empty if it does not end so.
    private let apiPrefix: [UInt8]

    private static let root = Array("/api/v1".utf8)

    /// Creates the map for a base URL, which is `http` or `https`, with no query.
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

    /// Appends the upstream target for a request target with these parts; the prefix of a view is left out, and the query is
    /// passed on as sent.
    public func appendTarget(for target: Span<UInt8>, _ parts: Target, to out: inout ByteBuilder) {
        let path = target.extracting(parts.path.dropFirst(ViewPrefix.length(of: target.extracting(parts.path))))
        let start = out.count
        if let rest = Self.rest(of: path, after: "/api/v1") {
            out.append(basePath.span)
            out.append(path.extracting(rest...))
        } else if path.starts(with: "/api/") {
            out.append(apiPrefix.span)
            out.append(path)
        } else {
            out.append(basePath.span)
            let rest = Self.rest(of: path, after: "/v1") ?? Self.rest(of: path, after: "/openai/v1") ?? 0
            if !path.equals("/") { out.append(path.extracting(rest...)) }
        }
        if out.count == start { out.append("/") }
        if let query = parts.query {
            out.append("?")
            out.append(target.extracting(query))
        }
    }

    /// Whether an upstream path is below the base URL.
    public func holds(_ path: ArraySlice<UInt8>) -> Bool {
        !basePath.isEmpty && path.starts(with: basePath) && isEnd(path.dropFirst(basePath.count))
    }

    /// The rest of a path after a root; nil if the path does not begin with the root.
    private static func rest(of path: Span<UInt8>, after root: StaticString) -> Int? {
        let size = root.utf8CodeUnitCount
        guard path.starts(with: root), path.count == size || path[size] == UInt8(ascii: "/") else { return nil }
        return size
    }

    /// A `Location` from upstream in a form that the client can follow. One under the base URL, or beside it under
    /// `/api/`, becomes a path here, after `prefix`, the part of the request's path that names a view. Any other keeps its
    /// target, so a bare path gets upstream's origin and a bare host gets its scheme.
    public func location(_ value: [UInt8], below prefix: [UInt8] = []) -> [UInt8] {
        let own = Array(origin.utf8)
        guard let path = pathHere(value, own) else {
            // A client would put Larder's scheme before a host without one.
            let scheme = own.prefix { $0 != UInt8(ascii: "/") }
            return value.starts(with: [UInt8(ascii: "/"), UInt8(ascii: "/")]) ? scheme + value : value
        }
        if path.starts(with: basePath), isEnd(path.dropFirst(basePath.count)) {
            return prefix + Self.root + path.dropFirst(basePath.count)
        }
        if path.starts(with: apiPrefix + Array("/api/".utf8)) {
            return prefix + path.dropFirst(apiPrefix.count)
        }
        return value.first == UInt8(ascii: "/") ? own + path : value
    }

    /// The part after upstream's origin in a `Location`; nil if it has another origin, or is relative to the requested
    /// path. The origin may be in capitals, with its usual port, or without its scheme (RFC 3986 section 4.2).
    private func pathHere(_ value: [UInt8], _ own: [UInt8]) -> ArraySlice<UInt8>? {
        let slash = UInt8(ascii: "/")
        let colon = own.firstIndex(of: UInt8(ascii: ":")) ?? 0
        var authority: ArraySlice<UInt8>
        if value.starts(with: [slash, slash]) {
            authority = value.dropFirst(2)
        } else if value.first == slash {
            return value[...]
        } else {
            let scheme = own.prefix(colon + 3)
            guard value.count >= scheme.count, value.prefix(scheme.count).map(asciiLowercased) == Array(scheme) else {
                return nil
            }
            authority = value.dropFirst(scheme.count)
        }
        let end = authority.firstIndex { $0 == slash || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        let rest = authority[(end ?? authority.endIndex)...]
        authority = authority[..<(end ?? authority.endIndex)]
        let usual = Array((colon == 5 ? ":443" : ":80").utf8)
        func normal(_ text: ArraySlice<UInt8>) -> [UInt8] {
            let lower = text.map(asciiLowercased)
            return lower.suffix(usual.count).elementsEqual(usual) ? Array(lower.dropLast(usual.count)) : lower
        }
        return normal(authority) == normal(own.dropFirst(colon + 3)) ? rest : nil
    }

    private func isEnd(_ rest: ArraySlice<UInt8>) -> Bool {
        guard let next = rest.first else { return true }
        return next == UInt8(ascii: "/") || next == UInt8(ascii: "?") || next == UInt8(ascii: "#")
    }
}
