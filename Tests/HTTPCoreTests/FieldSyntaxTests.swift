import HTTPCore
import Testing

@Suite struct FieldSyntaxTests {
    @Test func `a token has the bytes of RFC 9110 section 5-6-2, and no others`() {
        let letters = "abcdefghijklmnopqrstuvwxyz"
        let allowed = Set(("!#$%&'*+-.^_`|~0123456789" + letters + letters.uppercased()).utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(isToken([byte]) == allowed.contains(byte), "\(byte)")
            #expect(isToken([0x61, byte]) == allowed.contains(byte), "\(byte)")
        }
        #expect(!isToken([]))
    }

    @Test func `a value has no control characters but tabs`() {
        for byte in UInt8.min...UInt8.max {
            let isSound = byte == 0x09 || byte >= 0x20 && byte != 0x7F
            #expect(isValue([0x61, byte]) == isSound, "\(byte)")
        }
        #expect(isValue([]))
    }

    private func isToken(_ bytes: [UInt8]) -> Bool { FieldSyntax.isToken(bytes.span) }

    private func isValue(_ bytes: [UInt8]) -> Bool { FieldSyntax.isValue(bytes.span) }
}
