import Bytes
import HTTPCore

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
