import Bytes
import Catalog

/// What differs between two rows of one model.
///
/// Each member that differs belongs to one kind of change. These differences do not count:
/// - the order of members, white space, and how a number or a price is spelled;
/// - a member of the row, or of an object in it, that is `null` on one side and missing on the other: upstream adds new
///   members as `null` to all rows at once;
/// - the order of names in `supported_parameters` and in the lists of modalities;
/// - `benchmarks.design_arena`: ratings that change with every vote. In two real lists of one month, they
///   differ in 106 of the 154 rows with benchmarks;
/// - `links`: addresses that follow from `canonical_slug`.
struct RowDifference {
    /// A member's name, and which of the two rows it is in.
    private struct Name: Equatable {
        let range: Range<Int>
        let isInOld: Bool
    }

    /// A member that differs, or a member of one.
    private struct Leaf {
        let kind: ChangeKind
        let name: Name
        /// The member of the member, if its members are compared one by one.
        var inner: Name?
        let old: Range<Int>?
        let new: Range<Int>?
        let isListOfNames: Bool
    }

    private var leaves: [Leaf] = []

    /// The changes from one row to another, in the order of the kinds. Both are JSON objects.
    static func changes(from old: Span<UInt8>, to new: Span<UInt8>) -> [RowChange] {
        var difference = RowDifference()
        difference.compare(old, new)
        return difference.grouped(old, new)
    }

    // MARK: Comparing

    private mutating func compare(_ old: Span<UInt8>, _ new: Span<UInt8>) {
        Self.forEachMember(old, JSONScanner.value(of: old), new, JSONScanner.value(of: new)) { name, before, after in
            compareMember(old, before, new, after, named: name)
        }
    }

    /// Calls `body` for each name of two objects with its values: first for those of the old one in its order, then for
    /// those that only the new one has.
    private static func forEachMember(
        _ old: Span<UInt8>, _ before: Range<Int>?, _ new: Span<UInt8>, _ after: Range<Int>?,
        _ body: (_ name: Name, _ old: Range<Int>?, _ new: Range<Int>?) -> Void
    ) {
        let mine = before.map { JSONScanner.members(old, in: $0) } ?? []
        let theirs = after.map { JSONScanner.members(new, in: $0) } ?? []
        let index = MemberIndex(theirs, in: new)
        var isSeen = [Bool](repeating: false, count: theirs.count)
        for (position, member) in mine.enumerated() {
            let other = index.find(old.extracting(member.name), near: position, in: new)
            if let other { isSeen[other] = true }
            body(Name(range: member.name, isInOld: true), member.value, other.map { theirs[$0].value })
        }
        for (position, member) in theirs.enumerated() where !isSeen[position] {
            body(Name(range: member.name, isInOld: false), nil, member.value)
        }
    }

    private mutating func compareMember(
        _ old: Span<UInt8>, _ before: Range<Int>?, _ new: Span<UInt8>, _ after: Range<Int>?, named name: Name
    ) {
        if let before, let after, old.extracting(before).equals(new.extracting(after)) { return }
        let member = RowMember(name.isInOld ? old.extracting(name.range) : new.extracting(name.range))
        if member == .noise { return }
        let isObject = [before.map { Self.isObject(old, $0) }, after.map { Self.isObject(new, $0) }]
        let expands = member.isSplit ? isObject.contains(true) : isObject == [true, true]
        guard expands, member != .alias else {
            let leaf = Leaf(
                kind: Self.kind(of: member, old, before, new, after), name: name, old: before, new: after,
                isListOfNames: member == .parameters)
            return note(leaf, old, new)
        }
        Self.forEachMember(old, before, new, after) { inner, before, after in
            let text = inner.isInOld ? old.extracting(inner.range) : new.extracting(inner.range)
            guard let (kind, isList) = member.kind(ofInner: text) else { return }
            let leaf = Leaf(
                kind: kind, name: name, inner: inner, old: before, new: after, isListOfNames: isList)
            note(leaf, old, new)
        }
    }

    /// Keeps a leaf if its values mean different things.
    private mutating func note(_ leaf: Leaf, _ old: Span<UInt8>, _ new: Span<UInt8>) {
        let before = leaf.old.flatMap { JSONScanner.isNull(old, in: $0) ? nil : $0 }
        let after = leaf.new.flatMap { JSONScanner.isNull(new, in: $0) ? nil : $0 }
        switch (before, after) {
        case (nil, nil): return
        case (let before?, let after?):
            if JSONEquality(readsPrices: leaf.kind == .price).holds(old, before, new, after) { return }
            if leaf.isListOfNames, NameList(old, before).hasSameNames(as: NameList(new, after)) { return }
        default: break
        }
        leaves.append(leaf)
    }

    private static func kind(
        of member: RowMember, _ old: Span<UInt8>, _ before: Range<Int>?, _ new: Span<UInt8>, _ after: Range<Int>?
    ) -> ChangeKind {
        guard member == .alias else { return member.kind }
        // An alias whose target has another name still points to the same model.
        let former = before.flatMap { JSONScanner.member("slug", of: old, in: $0) }
        let target = after.flatMap { JSONScanner.member("slug", of: new, in: $0) }
        guard let former, let target else { return .alias }
        return old.extracting(former).equals(new.extracting(target)) ? .other : .alias
    }

    private static func isObject(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        !range.isEmpty && text[range.lowerBound] == UInt8(ascii: "{")
    }

    // MARK: Writing

    private func grouped(_ old: Span<UInt8>, _ new: Span<UInt8>) -> [RowChange] {
        if leaves.isEmpty { return [] }
        return ChangeKind.allCases.compactMap { kind in
            let group = leaves.filter { $0.kind == kind }
            if group.isEmpty { return nil }
            return RowChange(
                kind, before: Self.part(group, old, new, isOld: true), after: Self.part(group, old, new, isOld: false))
        }
    }

    /// The object of the members that differ, on one side.
    private static func part(_ group: [Leaf], _ old: Span<UInt8>, _ new: Span<UInt8>, isOld: Bool) -> [UInt8] {
        var out = ByteBuilder(capacity: 256)
        out.append(UInt8(ascii: "{"))
        func append(_ name: Name) {
            out.append(UInt8(ascii: "\""))
            out.append(name.isInOld ? old.extracting(name.range) : new.extracting(name.range))
            out.append("\":")
        }
        /// The member whose object is being written.
        var open: Name?
        for leaf in group {
            guard let value = isOld ? leaf.old : leaf.new else { continue }
            if open != nil, open != leaf.name {
                out.append(UInt8(ascii: "}"))
                open = nil
            }
            if out.span[out.count - 1] != UInt8(ascii: "{") { out.append(UInt8(ascii: ",")) }
            if open == nil { append(leaf.name) }
            if let inner = leaf.inner {
                if open == nil { out.append(UInt8(ascii: "{")) }
                open = leaf.name
                append(inner)
            }
            if leaf.isListOfNames, let names = Self.ownNames(leaf, old, new, isOld: isOld) {
                names.append(to: &out)
            } else {
                out.append(isOld ? old.extracting(value) : new.extracting(value))
            }
        }
        if open != nil { out.append(UInt8(ascii: "}")) }
        out.append(UInt8(ascii: "}"))
        return out.span.copied()
    }

    /// Of two lists of names, those that are on one side alone. Nil if one of the two is no array.
    private static func ownNames(
        _ leaf: Leaf, _ old: Span<UInt8>, _ new: Span<UInt8>, isOld: Bool
    ) -> NameList? {
        guard let before = leaf.old, let after = leaf.new else { return nil }
        let mine = NameList(old, before)
        let theirs = NameList(new, after)
        guard mine.isArray, theirs.isArray else { return nil }
        return isOld ? mine.without(theirs) : theirs.without(mine)
    }
}

/// The elements of an array of strings, as spelled.
private struct NameList {
    let isArray: Bool
    private(set) var names: [[UInt8]] = []

    init(_ text: Span<UInt8>, _ range: Range<Int>) {
        isArray = !range.isEmpty && text[range.lowerBound] == UInt8(ascii: "[")
        for element in JSONScanner.elements(text, in: range) { names.append(text.extracting(element).copied()) }
    }

    func hasSameNames(as other: NameList) -> Bool { isArray && other.isArray && Set(names) == Set(other.names) }

    func without(_ other: NameList) -> NameList {
        var result = self
        let others = Set(other.names)
        result.names.removeAll { others.contains($0) }
        return result
    }

    func append(to out: inout ByteBuilder) {
        out.append(UInt8(ascii: "["))
        for (index, name) in names.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out.append(name.span)
        }
        out.append(UInt8(ascii: "]"))
    }
}

/// The members of a row that are treated differently, and the kind of change that each belongs to.
private enum RowMember {
    case pricing
    case context
    case topProvider
    case parameters
    case architecture
    case expiration
    case name
    case alias
    case benchmarks
    case noise
    case other

    private static let names: [(name: StaticString, member: RowMember)] = [
        ("pricing", .pricing), ("context_length", .context), ("top_provider", .topProvider),
        ("supported_parameters", .parameters), ("architecture", .architecture), ("expiration_date", .expiration),
        ("name", .name), ("canonical_slug", .name), ("alias_target", .alias), ("benchmarks", .benchmarks),
        ("links", .noise),
    ]

    init(_ name: Span<UInt8>) {
        self = .other
        for (known, member) in Self.names where name.equals(known) { self = member }
    }

    /// The kind of a change of the member as a whole.
    var kind: ChangeKind {
        switch self {
        case .pricing: .price
        case .context: .context
        case .parameters: .parameters
        case .expiration: .expiration
        case .name: .renamed
        case .alias: .alias
        case .topProvider, .architecture, .benchmarks, .noise, .other: .other
        }
    }

    /// Whether its own members are compared one by one even if it is an object on one side only.
    var isSplit: Bool {
        switch self {
        case .topProvider, .architecture, .benchmarks, .pricing: true
        default: false
        }
    }

    /// The kind of a change of a member within this one, and whether its value is a list of names; nil for noise.
    func kind(ofInner name: Span<UInt8>) -> (kind: ChangeKind, isListOfNames: Bool)? {
        switch self {
        case .topProvider where name.equals("context_length") || name.equals("max_completion_tokens"):
            return (.context, false)
        case .architecture where name.equals("input_modalities") || name.equals("output_modalities"):
            return (.modalities, true)
        case .architecture where name.equals("modality"): return (.modalities, false)
        case .benchmarks where name.equals("design_arena"): return nil
        default: return (kind, false)
        }
    }
}
