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

    @Test("Weak tags are compared without their W/")
    func comparesWeakly() {
        for (one, other, areSame) in [
            ("\"1\"", "\"1\"", true), ("W/\"1\"", "W/\"1\"", true), ("W/\"1\"", "\"1\"", true),
            ("\"1\"", "\"2\"", false), ("W/\"1\"", "W/\"2\"", false),
            ("w/\"1\"", "\"1\"", false), ("W/W/\"1\"", "W/\"1\"", false),
            ("\"\u{E9}\"", "\"e\u{301}\"", false),
        ] {
            #expect(EntityTag.areSame(one, other) == areSame, "\(one) \(other)")
            #expect(EntityTag.areSame(other, one) == areSame, "\(other) \(one)")
        }
    }

    private func matches(_ field: String, current: String) -> Bool {
        let bytes = Array(field.utf8)
        let tag = Array(current.utf8)
        return EntityTag.matches(ifNoneMatch: bytes.span, current: tag.span)
    }
}
