import Testing

@testable import Bytes

@Suite("Slices of shared bytes")
struct ByteSliceTests {
    @Test(
        "A slice shows just its range",
        arguments: [(0..<6, "larder"), (0..<0, ""), (6..<6, ""), (1..<4, "ard"), (5..<6, "r")])
    func shows(range: Range<Int>, expected: String) {
        let slice = ByteSlice(SharedBytes(utf8: "larder"), range)
        let text = slice.span.text()
        #expect(text == expected)
        #expect(slice.count == range.count)
        #expect(slice.offset == range.lowerBound)
    }

    @Test("A slice keeps its owner alive, and lets it go")
    func lifetime() {
        weak var watched: SharedBytes?
        do {
            var slice: ByteSlice?
            do {
                let owner = SharedBytes(utf8: "kept")
                watched = owner
                slice = owner[1..<3]
            }
            let text = slice.map { $0.span.text() }
            #expect(text == "ep")
            #expect(watched != nil)
            slice = nil
        }
        #expect(watched == nil)
    }

    @Test("The whole and the subscript agree with the initializer")
    func subscripts() {
        let owner = SharedBytes(utf8: "abcdef")
        #expect(owner.all.offset == 0 && owner.all.count == 6)
        #expect(owner[2..<5].offset == 2 && owner[2..<5].count == 3)
        #expect(owner[2..<5].owner === owner)
    }
}
