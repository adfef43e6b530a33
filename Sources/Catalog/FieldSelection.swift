import Bytes

/// Members of a model to show: names, or paths of names joined by dots.
public struct FieldSelection: Equatable, Sendable {
    /// The members of one object, in the order of their first mention.
    private var members: [(name: [UInt8], inner: FieldSelection?)] = []

    /// A hash of the selection.
    public private(set) var identity: UInt64 = 0

    /// Reads a list of paths, separated by commas, such as `id,pricing.prompt`. Nil if one of them has an empty name, or
    /// if there is none.
    init?(_ entries: [[UInt8]]) {
        guard !entries.isEmpty else { return nil }
        for entry in entries {
            let path = entry.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
            guard path.count <= Self.mostNames, path.allSatisfy({ !$0.isEmpty }) else { return nil }
            add(path[...])
            identity = entry.span.hash64(seed: identity)
        }
    }

    private init() {}

    /// The most names in a path.
    private static let mostNames = 16

    private mutating func add(_ path: ArraySlice<[UInt8]>) {
        guard let name = path.first else { return }
        let rest = path.dropFirst()
        guard let known = members.firstIndex(where: { $0.name == name }) else {
            var inner = FieldSelection()
            inner.add(rest)
            members.append((name, rest.isEmpty ? nil : inner))
            return
        }
        // The whole member includes its parts.
        if rest.isEmpty { members[known].inner = nil } else { members[known].inner?.add(rest) }
    }

    /// Whether both select the same members in the same order.
    public static func == (left: FieldSelection, right: FieldSelection) -> Bool {
        left.members.elementsEqual(right.members) { $0.name == $1.name && $0.inner == $1.inner }
    }

    /// Appends the object at `range` with the selected members only, in its own order and bytes. A value that is no
    /// object has no parts: it is left out where parts are selected.
    func append(_ text: Span<UInt8>, _ range: Range<Int>, to out: inout ByteBuilder) {
        out.append(UInt8(ascii: "{"))
        var isFirst = true
        var rest = JSONScanner.Members(text, in: range)
        while let member = rest.next(in: text) {
            guard let selected = members.first(where: { text.extracting(member.name).equals($0.name.span) }) else {
                continue
            }
            if selected.inner != nil, text[member.value.lowerBound] != UInt8(ascii: "{") { continue }
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            guard let inner = selected.inner else {
                out.append(text.extracting(member.whole))
                continue
            }
            out.append(text.extracting(member.name.lowerBound - 1..<member.value.lowerBound))
            inner.append(text, member.value, to: &out)
        }
        out.append(UInt8(ascii: "}"))
    }
}
