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

@Suite("What a 304 says of sharing")
struct ConfirmedSharingTests {
    private static func directives(_ text: String) -> CacheControl {
        var directives = CacheControl()
        directives.merge(Array(text.utf8).span)
        return directives
    }

    private static let all = [
        "", "public", "private", "no-store", "public, no-store", "private, no-store", "max-age=60", "s-maxage=60",
        "must-revalidate", "public, private", "no-cache",
    ]

    @Test("It may narrow who may have a body and whether it is written, and never widens it", arguments: all, all)
    func narrows(earlier: String, later: String) {
        let (before, now) = (Self.directives(earlier), Self.directives(later))
        let merged = Sharing.directives(now, confirming: before)
        #expect(Sharing.auto.allows(merged) == (Sharing.auto.allows(before) && Sharing.auto.allows(now)))
        #expect(merged.flags.contains(.noStore) == (before.flags.union(now.flags)).contains(.noStore))
        // The rest is what the 304 says.
        #expect(merged.maxAge == now.maxAge && merged.sharedMaxAge == now.sharedMaxAge)
        let rest = merged.flags.subtracting([.isPrivate, .noStore])
        #expect(rest == now.flags.subtracting([.isPrivate, .noStore]))
    }
}
