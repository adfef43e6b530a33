import Testing

@testable import HTTPCore

@Suite("If-None-Match")
struct EntityTagTests {
    @Test(
        "The current tag is met",
        arguments: [
            "\"abc\"", "W/\"abc\"", "*", " \"abc\" ", "\"x\", \"abc\"", "\"x\",W/\"abc\"", "\"abc\",\"x\"",
            "\"a,b\", \"abc\"", ",\"abc\"",
        ])
    func matches(field: String) {
        #expect(matches(field, current: "\"abc\""))
    }

    @Test(
        "Any other tag is not",
        arguments: [
            "", "abc", "\"abd\"", "\"ABC\"", "\"abc", "abc\"", "\"abc-gzip\"", "w/\"abc\"", "W/ \"abc\"", "W/W/\"abc\"",
            "\"x\",\"y\"", "\"x,\"abc\"\"", "\"*\"", "W/*", "W/", "**",
        ])
    func differs(field: String) {
        #expect(!matches(field, current: "\"abc\""))
    }

    private func matches(_ field: String, current: String) -> Bool {
        let bytes = Array(field.utf8)
        let tag = Array(current.utf8)
        return EntityTag.matches(ifNoneMatch: bytes.span, current: tag.span)
    }
}
