import Testing

@testable import Digest

@Suite("Fingerprints")
struct FingerprinterTests {
    /// A test case of RFC 4231, section 4.
    struct Vector: Sendable {
        let key: [UInt8]
        let data: [UInt8]
        let expected: String
    }

    static let vectors: [Vector] = [
        Vector(
            key: [UInt8](repeating: 0x0B, count: 20), data: Array("Hi There".utf8),
            expected: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Vector(
            key: Array("Jefe".utf8), data: Array("what do ya want for nothing?".utf8),
            expected: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Vector(
            key: [UInt8](repeating: 0xAA, count: 20), data: [UInt8](repeating: 0xDD, count: 50),
            expected: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        Vector(
            key: Array(0x01...0x19), data: [UInt8](repeating: 0xCD, count: 50),
            expected: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        Vector(
            key: [UInt8](repeating: 0xAA, count: 131),
            data: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            expected: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        Vector(
            key: [UInt8](repeating: 0xAA, count: 131),
            data: Array(
                ("This is a test using a larger than block-size key and a larger than block-size data. The key needs "
                    + "to be hashed before being used by the HMAC algorithm.").utf8),
            expected: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ]

    @Test("A prefix counts as if it stood before the text", arguments: ["", "x", String(repeating: "x", count: 300)])
    func prefix(text: String) {
        let fingerprinter = Fingerprinter(secret: Array("secret".utf8).span)
        let bytes = Array(text.utf8)
        #expect(fingerprinter.fingerprint("Bearer ", bytes.span) == fingerprint("Bearer " + text, by: fingerprinter))
    }

    private func fingerprint(_ text: String, by fingerprinter: Fingerprinter) -> Fingerprint {
        fingerprinter.fingerprint(Array(text.utf8).span)
    }

    @Test("Agree with RFC 4231", arguments: vectors)
    func agreeWithTheRFC(vector: Vector) {
        let fingerprinter = Fingerprinter(secret: vector.key.span)
        let fingerprint = fingerprinter.fingerprint(vector.data.span)
        #expect(fingerprint.digest.hex == vector.expected)
    }

    @Test("A fingerprinter can be used again and again")
    func reusable() {
        let fingerprinter = Fingerprinter(secret: Array("Jefe".utf8).span)
        let first = fingerprint("one", by: fingerprinter)
        #expect(fingerprint("two", by: fingerprinter) != first)
        #expect(fingerprint("one", by: fingerprinter) == first)
    }

    @Test("The empty text has a fingerprint too")
    func emptyText() {
        let empty: [UInt8] = []
        let fingerprinter = Fingerprinter(secret: empty.span)
        // The HMAC-SHA256 of nothing under no key, a value known by heart to many programs.
        let expected = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
        #expect(fingerprint("", by: fingerprinter).digest.hex == expected)
    }

    @Test("What is shown of a fingerprint is its first 8 digits")
    func shortText() {
        let fingerprinter = Fingerprinter(secret: Array("Jefe".utf8).span)
        let fingerprint = fingerprint("what do ya want for nothing?", by: fingerprinter)
        #expect(fingerprint.shortText == "5bdcc146")
        #expect("\(fingerprint)" == "5bdcc146")
    }

    @Test("Two random fingerprinters disagree")
    func randomSecrets() {
        #expect(fingerprint("key", by: .random()) != fingerprint("key", by: .random()))
        #expect(Fingerprinter.randomSecret().count == Fingerprinter.secretSize)
        #expect(Fingerprinter.randomSecret() != Fingerprinter.randomSecret())
    }

    @Test("Printing a fingerprinter shows nothing of its secret")
    func printsNothing() {
        var text = ""
        dump(Fingerprinter.random(), to: &text)
        #expect(text == "- Fingerprinter\n")
        #expect(String(reflecting: Fingerprinter.random()) == "Fingerprinter")
    }
}
