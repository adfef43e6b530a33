import Digest
import Testing

/// Keyed digests, derived keys and encryption, with the examples of their standards.
@Suite struct SealingTests {
    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8).compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test(
        arguments: [
            // RFC 4231, test cases 1, 2, 3, 4, 6 and 7.
            (
                [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                [UInt8](1...25), [UInt8](repeating: 0xcd, count: 50),
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131),
                Array(
                    ("This is a test using a larger than block-size key and a larger than block-size data. The key "
                        + "needs to be hashed before being used by the HMAC algorithm.").utf8),
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
            ),
        ])
    func `HMAC-SHA256 agrees with RFC 4231`(key: [UInt8], data: [UInt8], expected: String) {
        #expect(Fingerprinter(secret: key.span).digest(of: data.span).hex == expected)
    }

    @Test(
        arguments: [
            // RFC 5869, test cases 1, 2 and 3.
            (
                String(repeating: "0b", count: 22), "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
                "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
            ),
            (
                hex((0...0x4f).map { $0 }), hex((0x60...0xaf).map { $0 }), hex((0xb0...0xff).map { $0 }),
                "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da"
                    + "3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
            ),
            (
                String(repeating: "0b", count: 22), "", "",
                "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
            ),
        ])
    func `HKDF agrees with RFC 5869`(secret: String, salt: String, label: String, key: String, output: String) {
        let extracted = HKDF.extract(salt: Self.bytes(salt).span, secret: Self.bytes(secret).span)
        #expect(Self.hex(extracted) == key)
        #expect(Self.hex(HKDF.expand(extracted, label: Self.bytes(label), count: output.count / 2)) == output)
    }

    /// Test cases 13 to 16 of the GCM specification that was submitted to NIST.
    private static let gcm: [(key: String, nonce: String, plain: String, context: String, sealed: String)] = [
        (
            String(repeating: "00", count: 32), String(repeating: "00", count: 12), "", "",
            "530f8afbc74536b9a963b4f1c4cb738b"
        ),
        (
            String(repeating: "00", count: 32), String(repeating: "00", count: 12), String(repeating: "00", count: 16),
            "",
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
        ),
        (
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
                + "ba637b391aafd255",
            "",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
                + "bcc9f662898015adb094dac5d93471bdec1a502270e3cc6c"
        ),
        (
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
                + "ba637b39",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
                + "bcc9f66276fc6ece0f4e1768cddf8853bb2d551b"
        ),
    ]

    @Test(arguments: gcm.indices)
    func `AES-256-GCM agrees with its specification, and altered bytes are refused`(index: Int) throws {
        let example = Self.gcm[index]
        let (plain, context, nonce) = (
            Self.bytes(example.plain), Self.bytes(example.context), Self.bytes(example.nonce)
        )
        let cipher = AES256GCM(key: Self.bytes(example.key))
        let sealed = cipher.seal(plain, context: context, nonce: nonce)
        #expect(Self.hex(sealed) == example.sealed)
        #expect(cipher.open(sealed[...], context: context, nonce: nonce) == plain)
        for place in sealed.indices {
            var altered = sealed
            altered[place] ^= 1 << UInt8(place % 8)
            #expect(cipher.open(altered[...], context: context, nonce: nonce) == nil)
        }
        #expect(cipher.open(sealed[...], context: context + [0], nonce: nonce) == nil)
        var otherNonce = nonce
        otherNonce[11] ^= 1
        #expect(cipher.open(sealed[...], context: context, nonce: otherNonce) == nil)
        #expect(cipher.open(sealed.dropLast(), context: context, nonce: nonce) == nil)
        #expect(cipher.open([], context: context, nonce: nonce) == nil)
    }

    @Test func `nonces differ, and a cipher shows nothing of its key`() {
        #expect(Set((0..<1_000).map { _ in AES256GCM.randomNonce() }).count == 1_000)
        let cipher = AES256GCM(key: [UInt8](repeating: 77, count: 32))
        #expect(!"\(cipher)".contains("77"))
        #expect(Mirror(reflecting: cipher).children.isEmpty)
    }
}
