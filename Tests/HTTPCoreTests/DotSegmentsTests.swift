import HTTPCore
import Testing

@Suite("Segments that lead elsewhere")
struct DotSegmentsTests {
    @Test(
        "A segment of one dot or two is found in every spelling",
        arguments: [
            "/..", "/.", "/../x", "/x/..", "/x/../y", "/x/./y", "/x/.", "/%2e%2e/x", "/.%2E", "/%2E./x", "/%2e",
            "/x%2f..",
            "/x%2F..%2fy", "/..%2f", "/..\\x", "/x\\..", "/x%5c..%5Cy", "/..;", "/..;a=b/x", "/.;x", "/..%3bx", "..",
            "//..//",
            "/a/b/c/%2e%2e%2f%2e%2e%2fd",
        ])
    func found(path: String) {
        #expect(occur(path))
    }

    @Test(
        "Other dots are a part of names",
        arguments: [
            "", "/", "//", "/...", "/a.b", "/.hidden", "/x..", "/..x", "/gpt-4.1", "/%2e%2e%2e", "/x;..", "/%252e%252e",
            "/%2",
            "/%", "/.%", "/..%2", "/a/b:free", "/%2fx", "/;", "/x/;v=1/y", "/*", "*", "/.%zz",
        ])
    func passed(path: String) {
        #expect(!occur(path))
    }

    private func occur(_ path: String) -> Bool {
        let bytes = Array(path.utf8)
        return DotSegments.occur(in: bytes.span)
    }
}
