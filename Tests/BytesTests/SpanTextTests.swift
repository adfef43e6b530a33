import Testing

@testable import Bytes

@Suite("Text in spans")
struct SpanTextTests {
    @Test("Spans are equal if and only if all bytes are", arguments: Array(0...33))
    func equality(count: Int) {
        var dice = Dice(seed: UInt64(count))
        let bytes = dice.bytes(count)
        let copy = bytes
        let isSame = bytes.span.equals(copy.span)
        #expect(isSame)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1 << UInt8(dice.roll(8))
            let isDifferent = !bytes.span.equals(changed.span)
            #expect(isDifferent, "a change at \(index) was not seen")
        }
        let longer = bytes + [0]
        let unequalLengths = !bytes.span.equals(longer.span) && !longer.span.equals(bytes.span)
        #expect(unequalLengths)
    }

    @Test(
        "A literal is met exactly",
        arguments: [
            ("/models/count", true), ("/models/coun", false), ("/models/counts", false), ("/Models/count", false),
            ("/models/counu", false), ("0models/count", false), ("", false),
        ])
    func literal(text: String, expected: Bool) {
        let bytes = Array(text.utf8)
        let isEqual = bytes.span.equals("/models/count")
        #expect(isEqual == expected)
    }

    @Test(
        "Case is ignored for ASCII letters alone",
        arguments: [
            ("if-none-match", true), ("If-None-Match", true), ("IF-NONE-MATCH", true), ("if_none_match", false),
            ("if\u{0D}none-match", false), ("if-none-matc", false), ("if-none-matchh", false),
        ])
    func ignoringCase(text: String, expected: Bool) {
        let bytes = Array(text.utf8)
        let isEqual = bytes.span.equalsIgnoringCase("if-none-match")
        #expect(isEqual == expected)
    }

    @Test("Lower case touches A to Z and no other byte")
    func lowercased() {
        for byte in UInt8.min...UInt8.max {
            let expected = (65...90).contains(byte) ? byte + 32 : byte
            #expect(asciiLowercased(byte) == expected)
        }
    }

    @Test("Exactly the hexadecimal digits have a value")
    func hexDigits() {
        for byte in UInt8.min...UInt8.max {
            #expect(hexDigitValue(byte) == UInt8(String(UnicodeScalar(byte)), radix: 16))
        }
    }

    @Test("Signs that lie 32 apart are not taken for letters of two cases")
    func signsAreNoLetters() {
        for (a, b) in [("[", "{"), ("@", "`"), ("^", "~"), ("]", "}"), ("\u{0D}", "-"), ("\u{10}", "0")] {
            let left = Array(a.utf8)
            let bytes = Array(b.utf8)
            #expect(asciiLowercased(left[0]) != bytes[0])
        }
    }

    @Test(
        "A prefix is met at the front only",
        arguments: [
            ("/api/v1/", true), ("/api/v1/models", true), ("/api/v1", false), ("x/api/v1/", false),
            ("/api/v2/models", false), ("", false),
        ])
    func prefix(text: String, expected: Bool) {
        let bytes = Array(text.utf8)
        let starts = bytes.span.starts(with: "/api/v1/")
        let startsWithNothing = bytes.span.starts(with: "")
        #expect(starts == expected)
        #expect(startsWithNothing)
    }

    @Test(
        "The first place of a byte is searched from where one asks",
        arguments: [(0, 1), (1, 1), (2, 3), (3, 3), (4, nil), (5, nil), (50, nil)] as [(Int, Int?)])
    func firstIndex(start: Int, expected: Int?) {
        let bytes = Array("a,b,c".utf8)
        let index = bytes.span.firstIndex(of: UInt8(ascii: ","), from: start)
        #expect(index == expected)
    }

    @Test("Copies and strings hold the same bytes, what is no UTF-8 becoming U+FFFD")
    func copies() {
        let bytes: [UInt8] = [0x61, 0xC3, 0xA9, 0xFF, 0x62]
        let copied = bytes.span.copied()
        let text = bytes.span.text()
        #expect(copied == bytes)
        #expect(text == "aé\u{FFFD}b")
    }
}

@Suite("Letters of either case")
struct SpanLettersTests {
    /// Every byte at every place of texts of several lengths, against the plain rule.
    @Test(
        "Only letters may differ, and only in case",
        arguments: ["te", "upgrade", "if-match", "accept-encoding", "a-0z~_x`{}-keep"])
    func everyByte(text: String) {
        let literal: StaticString =
            switch text.utf8.count {
            case 2: "te"
            case 7: "upgrade"
            case 8: "if-match"
            case 15 where text.hasPrefix("accept"): "accept-encoding"
            default: "a-0z~_x`{}-keep"
            }
        let original = Array(text.utf8)
        for place in original.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = original
                changed[place] = byte
                let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(original[place])
                let isSame = byte == original[place] || isLetter && byte == original[place] - 32
                let found = changed.span.equalsIgnoringCase(literal)
                #expect(found == isSame)
            }
        }
    }

    @Test("One byte that differs makes texts of any length different, wherever it stands", arguments: 0..<40)
    func everyPlace(length: Int) {
        let original = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 37 + 1) }
        let same = original
        let isSame = original.span.equals(same.span)
        #expect(isSame)
        for place in original.indices {
            var changed = original
            changed[place] ^= 0x20
            let isEqual = original.span.equals(changed.span)
            #expect(!isEqual)
        }
    }
}

@Suite struct ControlCharacterTests {
    @Test(arguments: [0, 1, 7, 8, 9, 15, 16, 17, 31])
    func `a control character is found wherever it stands, and nothing else is taken for one`(length: Int) {
        for place in 0..<length {
            for byte in UInt8.min...UInt8.max {
                for other in [UInt8(ascii: "a"), 0x09, 0x20, 0x80, 0xFF] {
                    var bytes = [UInt8](repeating: other, count: length)
                    bytes[place] = byte
                    let found = bytes.span.hasControls
                    #expect(found == (byte < 0x20 && byte != 0x09 || byte == 0x7F), "\(byte) at \(place)")
                }
            }
        }
        let none = [UInt8](repeating: 0x20, count: length)
        let found = none.span.hasControls
        #expect(!found)
    }
}

@Suite struct FirstIndexTests {
    @Test(arguments: 0..<34)
    func `the first of several equal bytes is found, from a start on`(length: Int) {
        for byte in [UInt8(0), 1, 0x2F, 0x7F, 0x80, 0xFF] {
            // Neighbours of the byte, so that a borrow between bytes of a word would show.
            var bytes = (0..<length).map { $0 % 2 == 0 ? byte &+ 1 : byte ^ 0x80 }
            for start in 0...length {
                let none = bytes.span.firstIndex(of: byte, from: start)
                #expect(none == nil)
            }
            for place in 0..<length {
                let before = bytes[place]
                bytes[place] = byte
                for start in 0...length {
                    let found = bytes.span.firstIndex(of: byte, from: start)
                    #expect(found == bytes[start...].firstIndex(of: byte))
                }
                if place % 3 != 0 { bytes[place] = before }
            }
            bytes = []
        }
    }
}
