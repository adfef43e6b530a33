import Digest
import Testing

@Suite("SHA-256")
struct SHA256Tests {
    @Test(
        "Agrees with the examples of FIPS 180",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmno"
                    + "pqrstnopqrstu",
                "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ])
    func agreesWithFIPS(text: String, expected: String) {
        let bytes = Array(text.utf8)
        let digest = SHA256.digest(of: bytes.span)
        #expect(digest.hex == expected)
    }

    @Test("The bytes are those of the hexadecimal digits")
    func bytesMatchHex() {
        let digest = SHA256.digest(of: Array("abc".utf8).span)
        #expect(digest.bytes.count == 32)
        #expect(digest.bytes.prefix(4) == [0xBA, 0x78, 0x16, 0xBF])
        #expect(digest.bytes.suffix(2) == [0x15, 0xAD])
    }
}
