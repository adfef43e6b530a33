import Bytes
import Catalog

/// Whether two JSON values mean the same. The order of an object's members and white space do not matter, nor how a
/// number is spelled (`1e3`, `1000`).
struct JSONEquality {
    /// Whether strings that spell numbers are compared as numbers, which is how prices are given.
    var readsPrices = false

    /// Values that are nested deeper are compared byte by byte.
    private static let greatestDepth = 32

    /// Whether the value at `old` in `before` means the same as the one at `new` in `after`.
    func holds(
        _ before: Span<UInt8>, _ old: Range<Int>, _ after: Span<UInt8>, _ new: Range<Int>, depth: Int = 0
    ) -> Bool {
        let left = before.extracting(old)
        let right = after.extracting(new)
        if left.equals(right) { return true }
        guard !left.isEmpty, !right.isEmpty, depth < Self.greatestDepth else { return false }
        switch (left[0], right[0]) {
        case (UInt8(ascii: "{"), UInt8(ascii: "{")): return objects(before, old, after, new, depth)
        case (UInt8(ascii: "["), UInt8(ascii: "[")):
            let mine = JSONScanner.elements(before, in: old)
            let theirs = JSONScanner.elements(after, in: new)
            guard mine.count == theirs.count else { return false }
            for index in mine.indices where !holds(before, mine[index], after, theirs[index], depth: depth + 1) {
                return false
            }
            return true
        case (UInt8(ascii: "\""), UInt8(ascii: "\"")):
            guard readsPrices, left.count > 2, right.count > 2 else { return false }
            let mine = FixedDecimal(parsing: left.extracting(1..<left.count - 1))
            return mine != nil && mine == FixedDecimal(parsing: right.extracting(1..<right.count - 1))
        default:
            let mine = FixedDecimal(parsing: left)
            return mine != nil && mine == FixedDecimal(parsing: right)
        }
    }

    private func objects(
        _ before: Span<UInt8>, _ old: Range<Int>, _ after: Span<UInt8>, _ new: Range<Int>, _ depth: Int
    ) -> Bool {
        let mine = JSONScanner.members(before, in: old)
        let theirs = JSONScanner.members(after, in: new)
        guard mine.count == theirs.count else { return false }
        let index = MemberIndex(theirs, in: after)
        for (position, member) in mine.enumerated() {
            guard let other = index.find(before.extracting(member.name), near: position, in: after) else {
                return false
            }
            if !holds(before, member.value, after, theirs[other].value, depth: depth + 1) { return false }
        }
        return true
    }
}

/// Finds the members of one object by name. Two rows have their members in nearly the same order, so the position of
/// the same member in the other row is tried first.
struct MemberIndex {
    private let members: [JSONScanner.Member]
    private let positions: [UInt64: Int]

    /// Small objects are searched one by one.
    private static let greatestSearched = 32

    init(_ members: [JSONScanner.Member], in text: Span<UInt8>) {
        self.members = members
        var positions: [UInt64: Int] = [:]
        if members.count > Self.greatestSearched {
            for (position, member) in members.enumerated() {
                positions[text.extracting(member.name).hash64()] = position
            }
        }
        self.positions = positions
    }

    /// The position of the member of that name, or nil. `text` is the one that the members are in.
    func find(_ name: Span<UInt8>, near position: Int, in text: Span<UInt8>) -> Int? {
        if position < members.count, text.extracting(members[position].name).equals(name) { return position }
        if members.count > Self.greatestSearched, let found = positions[name.hash64()],
            text.extracting(members[found].name).equals(name)
        {
            return found
        }
        // Also where two names of one hash hide each other in the table.
        guard members.count <= Self.greatestSearched || positions.count < members.count else { return nil }
        for (position, member) in members.enumerated() where text.extracting(member.name).equals(name) {
            return position
        }
        return nil
    }
}
