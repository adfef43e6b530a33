import Testing

@testable import Persistence

@Suite struct StateBytesTests {
    @Test func `numbers are big-endian, and a text has its length before it`() {
        var out = StateWriter()
        out.append(0x0102_0304_0506, 4)
        out.append(Int64(-2))
        out.append([7, 8])
        out.append([])
        #expect(out.bytes == [3, 4, 5, 6] + [UInt8](repeating: 255, count: 7) + [254, 0, 0, 0, 2, 7, 8, 0, 0, 0, 0])
        var reader = StateReader(out.bytes)
        #expect(reader.number(4) == 0x0304_0506)
        #expect(reader.signed() == -2)
        #expect(reader.text() == [7, 8])
        #expect(!reader.isAtEnd)
        #expect(reader.text() == [])
        #expect(reader.isAtEnd)
    }

    @Test func `what is not there is not read`() {
        var reader = StateReader([0, 0, 0, 2, 9])
        #expect(reader.number(8) == nil)
        #expect(reader.text() == nil)
        var endless = StateReader([255, 255, 255, 255, 9])
        #expect(endless.text() == nil)
        var empty = StateReader([])
        #expect(empty.number(1) == nil && empty.isAtEnd)
    }
}
