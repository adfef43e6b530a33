import Testing

@testable import Serving

@Suite("The names by which Larder may be asked")
struct HostRuleTests {
    @Test(
        "A name is one of those allowed, in any case, or it is not",
        arguments: [
            ("localhost", true), ("LocalHost", true), ("127.0.0.1", true), ("[::1]", true), ("", false),
            ("localhos", false), ("localhosts", false), ("localhost.", false), ("localhost.evil.example", false),
            ("evil.example", false), ("127.0.0.2", false), ("::1", false), ("lo\u{0}alhost", false),
        ])
    func named(host: String, expected: Bool) {
        #expect(allows(HostRule(allowing: ["localhost", "127.0.0.1", "[::1]"]), host) == expected)
    }

    @Test("The settings may spell a name in capitals")
    func capitals() {
        #expect(allows(HostRule(allowing: ["Larder.Example"]), "larder.example"))
        #expect(allows(HostRule(allowing: ["Larder.Example"]), "LARDER.example"))
    }

    @Test("Where any name will do, any does, and where none is allowed none", arguments: ["", "evil.example", "[::1]"])
    func anyAndNone(host: String) {
        #expect(allows(.any, host))
        #expect(!allows(HostRule(allowing: []), host))
    }

    private func allows(_ rule: HostRule, _ host: String) -> Bool {
        let bytes = Array(host.utf8)
        return rule.allows(bytes.span)
    }
}
