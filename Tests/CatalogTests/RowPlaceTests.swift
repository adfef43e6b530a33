import Testing

@testable import Catalog

@Suite struct RowPlaceTests {
    @Test(arguments: [(0, 0), (0, 421), (7, 0), (7, (1 << 28) - 1), (3, 77)] as [(Int32, Int32)])
    func `a place is packed into 31 bits, and neighbours into neighbouring numbers`(source: Int32, row: Int32) {
        let place = RowPlace(source: source, row: row)
        #expect(RowPlace(packed: place.packed) == place)
        #expect(place.packed < 1 << 31)
        if row > 0 { #expect(RowPlace(source: source, row: row - 1).packed == place.packed - 1) }
    }

    @Test func `the place of a row in the list itself is its number`() {
        #expect(RowPlace(source: 0, row: 421).packed == 421)
    }
}
