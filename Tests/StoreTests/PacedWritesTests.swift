import Testing

@testable import Store

@Suite("Paced writes")
struct PacedWritesTests {
    @Test func `SQLite takes another function to write by`() { #expect(PacedWrites.areOn) }
}
