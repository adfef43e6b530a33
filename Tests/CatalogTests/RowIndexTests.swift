import Testing

@testable import Catalog

@Suite struct RowIndexTests {
    @Test(arguments: [(0, 0), (0, 421), (7, 0), (7, (1 << 28) - 1), (3, 77)] as [(Int32, Int32)])
    func `a row index is packed into 31 bits, and neighbours into neighbouring numbers`(source: Int32, row: Int32) {
        let rowIndex = RowIndex(source: source, row: row)
        #expect(RowIndex(packed: rowIndex.packed) == rowIndex)
        #expect(rowIndex.packed < 1 << 31)
        if row > 0 { #expect(RowIndex(source: source, row: row - 1).packed == rowIndex.packed - 1) }
    }

    @Test func `the index of a row in the list itself is its number`() {
        #expect(RowIndex(source: 0, row: 421).packed == 421)
    }
}
