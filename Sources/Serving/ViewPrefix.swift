import Bytes
public import Catalog
import HTTPCore

/// The start of a path that names a view: `/view/team`. What follows it is read as any other path is.
public struct ViewPrefix: Equatable, Sendable {
    /// The range of the name in the path.
    public let name: Range<Int>

    /// The length of the prefix, in bytes.
    public var length: Int { name.upperBound }

    /// The prefix of a path; nil if the path does not begin with `/view/`. The name may be one of no view, or empty.
    public init?(_ path: Span<UInt8>) {
        guard path.starts(with: "/view/") else { return nil }
        name = 6..<(path.firstIndex(of: UInt8(ascii: "/"), from: 6) ?? path.count)
    }

    /// The length of a path's prefix; 0 if it has none.
    static func length(of path: Span<UInt8>) -> Int { ViewPrefix(path)?.length ?? 0 }
}

/// The views of the settings.
public struct ViewTable: Equatable, Sendable {
    /// All of them, by name.
    public let views: [View]

    /// When they came into effect, in Unix seconds: what they show has changed then.
    let since: Int64

    /// The table of these views, whose names are distinct. There are at most `ViewText.mostViews`.
    public init(_ views: [View] = [], since: Int64 = 0) {
        self.views = views.sorted { $0.name < $1.name }
        self.since = since
    }

    /// The index of the view that a path names; nil if it names none.
    public func index(of path: Span<UInt8>) -> Int? {
        guard let prefix = ViewPrefix(path) else { return nil }
        let name = path.extracting(prefix.name)
        return views.firstIndex { Array($0.name.utf8).span.equals(name) }
    }

    /// The error for a path that names a view which does not exist; nil for any other path.
    public func problem(of path: Span<UInt8>) -> Problem? {
        guard let prefix = ViewPrefix(path), index(of: path) == nil else { return nil }
        let shown = InvalidParameter.printable(path.extracting(prefix.name).copied())
        let known = views.isEmpty ? "none are set" : "the known ones are \(views.map(\.name).joined(separator: ", "))"
        return Problem(.notFound, "there is no view \"\(shown)\": \(known)", detail: .view)
    }
}
