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
    /// `/healthz`
    case health
    /// `/readyz`
    case readiness
    /// Anything else.
    case other

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
        } else if resource.starts(with: "/models/"), Route.isModelPath(resource, from: 8) {
            self = .model(start + 8..<end, isPlural: true)
        } else if resource.starts(with: "/model/"), Route.isModelPath(resource, from: 7) {
            self = .model(start + 7..<end, isPlural: false)
        } else {
            self = .other
        }
    }

    private static func rootLength(_ path: Span<UInt8>) -> Int {
        if path.starts(with: "/api/v1/") { return 7 }
        if path.starts(with: "/v1/") { return 3 }
        return 0
    }

    /// Whether exactly two segments that are not empty stand there, `%2F` counting as a slash.
    private static func isModelPath(_ path: Span<UInt8>, from start: Int) -> Bool {
        var slashes = 0
        var segment = 0
        var index = start
        while index < path.count {
            let width = slashWidth(path, index)
            if width > 0 {
                guard segment > 0 else { return false }
                slashes += 1
                segment = 0
                index += width
            } else {
                segment += 1
                index += 1
            }
        }
        return slashes == 1 && segment > 0
    }

    private static func slashWidth(_ path: Span<UInt8>, _ index: Int) -> Int {
        if path[index] == UInt8(ascii: "/") { return 1 }
        guard path[index] == UInt8(ascii: "%"), index + 2 < path.count, path[index + 1] == UInt8(ascii: "2"),
            asciiLowercased(path[index + 2]) == UInt8(ascii: "f")
        else { return 0 }
        return 3
    }
}
