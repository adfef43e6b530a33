import HTTPCore
import Testing

@testable import Caching

@Suite("Who may share a copy")
struct SharingTests {
    @Test(
        "Upstream's directives decide",
        arguments: [
            ("", false), ("public", true), ("s-maxage=60", true), ("s-maxage=0", true), ("must-revalidate", true),
            ("max-age=60", false), ("private", false), ("no-store", false), ("no-cache", false),
            ("public, private", false), ("public, no-store", false), ("s-maxage=60, private", false),
            ("must-revalidate, no-store", false), ("public, no-cache", true), ("s-maxage=x", false),
            ("private=\"set-cookie\", public", false),
            ("public, max-age=120, stale-while-revalidate=3600, stale-if-error=3600", true),
        ])
    func auto(field: String, expected: Bool) {
        #expect(Sharing.auto.allows(.make(field)) == expected)
    }

    @Test("The settings can forbid and force it", arguments: ["", "public", "private", "no-store", "s-maxage=1"])
    func overridden(field: String) {
        #expect(!Sharing.never.allows(.make(field)))
        #expect(Sharing.always.allows(.make(field)))
    }

    @Test("The settings name three ways")
    func names() {
        #expect(Sharing.allCases.map(\.rawValue) == ["auto", "never", "always"])
    }
}
