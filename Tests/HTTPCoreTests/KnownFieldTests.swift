import Testing

@testable import HTTPCore

@Suite("Known request fields")
struct KnownFieldTests {
    private static let names: [(String, KnownField)] = [
        ("host", .host), ("authorization", .authorization), ("accept-encoding", .acceptEncoding),
        ("cache-control", .cacheControl), ("pragma", .pragma), ("if-none-match", .ifNoneMatch), ("expect", .expect),
        ("anthropic-version", .anthropicVersion), ("if-modified-since", .ifModifiedSince),
        ("x-api-key", .apiKey), ("user-agent", .userAgent),
    ]

    @Test("A name is known in any case", arguments: names)
    func known(name: String, expected: KnownField) {
        #expect(field(name) == expected)
        #expect(field(name.uppercased()) == expected)
        #expect(field(String(name.prefix(1)).uppercased() + name.dropFirst()) == expected)
    }

    @Test("A name that differs in one byte, or in its length, is another", arguments: names)
    func nearMisses(name: String, expected: KnownField) {
        let bytes = Array(name.utf8)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(KnownField(changed.span) == nil)
        }
        #expect(field(String(name.dropLast())) == nil)
        #expect(field(name + "s") == nil)
        #expect(field(" " + name) == nil)
    }

    @Test(
        "Other fields are left alone",
        arguments: ["", "accept", "cookie", "if-unmodified-since", "x-host"])
    func others(name: String) {
        #expect(field(name) == nil)
    }

    private func field(_ name: String) -> KnownField? {
        let bytes = Array(name.utf8)
        return KnownField(bytes.span)
    }
}
