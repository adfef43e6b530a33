import Testing

@testable import HTTPCore

@Suite("Cache-Control")
struct CacheControlTests {
    @Test(
        "Each directive sets its flag, in either case",
        arguments: [
            ("no-cache", .noCache), ("No-Cache", .noCache), ("no-store", .noStore), ("only-if-cached", .onlyIfCached),
            ("public", .isPublic), ("PRIVATE", .isPrivate), ("must-revalidate", .mustRevalidate),
            ("Proxy-Revalidate", .proxyRevalidate),
            ("public, must-revalidate", [.isPublic, .mustRevalidate]), ("no-store,no-cache", [.noStore, .noCache]),
            (" , public ,", .isPublic), ("no-cache=\"set-cookie, age\"", .noCache), ("private=\"x\"", .isPrivate),
            ("public ;x", []), ("publics", []), ("no-cach", []), ("", []), ("immutable, stale-if-error=60", []),
            ("x=\"no-store\"", []), ("x=\"a, no-store, b\"", []), ("must-understand", []),
        ] as [(String, CacheControl.Flags)])
    func flags(field: String, expected: CacheControl.Flags) {
        #expect(parsed(field).flags == expected)
    }

    @Test(
        "max-age is a number of seconds, quoted or not, as much as 2^31",
        arguments: [
            ("max-age=0", 0), ("max-age=120", 120), ("MAX-AGE=5", 5), ("max-age=\"60\"", 60), ("max-age = 7", 7),
            ("max-age=00012", 12), ("max-age=2147483648", 1 << 31), ("max-age=2147483649", 1 << 31),
            ("max-age=99999999999999999999999999999", 1 << 31), ("max-age", nil), ("max-age=", nil),
            ("max-age=\"\"", nil), ("max-age=\"", nil), ("max-age=-1", nil), ("max-age=+1", nil), ("max-age=1.5", nil),
            ("max-age=abc", nil), ("max-age=1 2", nil), ("max-age='5'", nil), ("maxage=5", nil), ("x-max-age=5", nil),
            ("ext=\"max-age=5\"", nil), ("ext=\"a,max-age=5\"", nil),
        ] as [(String, Int?)])
    func maxAge(field: String, expected: Int?) {
        #expect(parsed(field).maxAge == expected)
    }

    @Test("s-maxage is read beside max-age")
    func sharedMaxAge() {
        let both = parsed("public, max-age=120, s-maxage=\"30\", stale-while-revalidate=3600")
        #expect(both.maxAge == 120)
        #expect(both.sharedMaxAge == 30)
        #expect(both.flags == .isPublic)
        #expect(parsed("s-max-age=5").sharedMaxAge == nil)
    }

    @Test("Of a directive that is given twice the first counts")
    func duplicates() {
        #expect(parsed("max-age=5, max-age=10").maxAge == 5)
        #expect(parsed("s-maxage=10, s-maxage=5").sharedMaxAge == 10)
    }

    @Test("Further field lines add to the first")
    func merging() {
        var directives = parsed("max-age=5")
        for line in ["no-cache", "s-maxage=7, max-age=6", ""] {
            let bytes = Array(line.utf8)
            directives.merge(bytes.span)
        }
        #expect(directives.flags == .noCache)
        #expect(directives.maxAge == 5)
        #expect(directives.sharedMaxAge == 7)
    }

    private func parsed(_ field: String) -> CacheControl {
        let bytes = Array(field.utf8)
        var directives = CacheControl()
        directives.merge(bytes.span)
        return directives
    }
}
