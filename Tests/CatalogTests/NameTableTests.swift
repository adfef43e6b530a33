import Bytes
import Testing

@testable import Catalog

@Suite struct NameTableTests {
    @Test func `each name has a number, and keeps it`() {
        var table = NameTable()
        let names = (0..<500).map { Array("name \($0)".utf8) }
        #expect(names.map { table.intern($0.span) } == Array(0..<500))
        #expect(names.map { table.intern($0.span) } == Array(0..<500))
        #expect(names.map { table.number(of: $0) } == Array(0..<500))
        #expect(table.names == names)
        #expect(table.number(of: Array("another".utf8)) == nil && table.number(of: []) == nil)
    }

    @Test func `names of one hash are told apart`() {
        // The hash takes eight bytes a step and multiplies what it has with a constant. After a first step whose product
        // is zero it has nothing, so any other first step can be made up for by the second.
        let start: UInt64 = 16 &* 0x9E37_79B9_7F4A_7C15
        let product = (start ^ 1).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
        let one = Self.bytes(start) + Self.bytes(7)
        let other = Self.bytes(1) + Self.bytes(7 ^ product.high ^ product.low)
        #expect(one.span.hash64() == other.span.hash64())

        var table = NameTable()
        #expect(table.intern(one.span) == 0)
        #expect(table.number(of: other) == nil)
        #expect(table.intern(other.span) == 1)
        #expect(table.number(of: one) == 0 && table.number(of: other) == 1)
        #expect(table.intern(one.span) == 0 && table.intern(other.span) == 1)
    }

    /// As they lie in memory.
    private static func bytes(_ word: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
}
