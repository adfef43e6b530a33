import Bytes
import HTTPCore
import Testing

@Suite("The types in Accept")
struct AcceptedTypesTests {
    @Test(
        "A type is named with its weight, in whatever case, among others",
        arguments: [
            ("text/html", true), ("Text/HTML", true), ("application/json, text/html;q=0.9", true),
            (" text/html ; q=0.1 ,*/*", true), ("text/html;level=1", true), ("text/html;level=1;q=0.5", true),
            ("", false), ("*/*", false), ("text/*", false), ("text/htm", false), ("text/html2", false),
            ("text/html;q=0", false), ("text/html ; q=0.000", false), ("text/html;q=x", false),
            ("text/html;q=0, text/html", true), (#"a/b;c=", text/html,""#, false),
        ])
    func names(value: String, isNamed: Bool) {
        let bytes = Array(value.utf8)
        #expect(AcceptedTypes.name("text/html", in: bytes.span) == isNamed)
    }
}
