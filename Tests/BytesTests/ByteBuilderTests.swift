import Testing

@testable import Bytes

@Suite("The byte builder")
struct ByteBuilderTests {
    @Test(
        "Random pieces add up to the same as in an array, whatever the room at first", arguments: [0, 1, 2, 255, 5000])
    func grows(capacity: Int) {
        var dice = Dice(seed: UInt64(capacity))
        var out = ByteBuilder(capacity: capacity)
        var model: [UInt8] = []
        for _ in 0..<2_000 {
            switch dice.roll(6) {
            case 0:
                let byte = UInt8(dice.roll(256))
                out.append(byte)
                model.append(byte)
            case 1:
                let piece = dice.bytes(dice.roll(40))
                out.append(piece.span)
                model += piece
            case 2:
                out.append("literal")
                model += Array("literal".utf8)
            case 3:
                out.append(utf8: "brötchen 🥖")
                model += Array("brötchen 🥖".utf8)
            case 4:
                let number = dice.roll(1_000_000) - 500_000
                out.append(decimal: number)
                model += Array(String(number).utf8)
            default:
                let prefix = dice.roll(min(20, model.count + 1))
                out.removeFirst(prefix)
                model.removeFirst(prefix)
            }
        }
        #expect(out.count == model.count)
        let before = out.span.copied() == model
        #expect(before)
        let bytes = out.finish()
        let after = bytes.span.copied() == model
        #expect(after)
    }

    @Test(
        "Numbers are written in decimal",
        arguments: [
            0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 12_345_678_901, Int.max, -1, -9, -10, -100, -12_345, Int.min,
            Int.min + 1,
        ])
    func decimal(number: Int) {
        #expect(built { $0.append(decimal: number) } == String(number))
        #expect(
            built {
                $0.append("x"); $0.append(decimal: number); $0.append("y")
            } == "x\(number)y")
    }

    @Test("Every power of ten and its neighbours have the right number of digits")
    func powersOfTen() {
        var power = 1
        for _ in 0..<18 {
            power *= 10
            for number in [power - 1, power, power + 1, -power, 1 - power] {
                #expect(built { $0.append(decimal: number) } == String(number))
            }
        }
    }

    @Test("Empty pieces change nothing")
    func emptyPieces() {
        let nothing: [UInt8] = []
        let text = built {
            $0.append("")
            $0.append(utf8: "")
            $0.append(nothing.span)
            $0.reserve(0)
            $0.removeFirst(0)
        }
        #expect(text == "")
    }

    @Test("Removing all makes room for other bytes")
    func removeAll() {
        var out = ByteBuilder(capacity: 4)
        out.append("first words")
        let wasEmpty = out.isEmpty
        out.removeAll()
        let isEmpty = out.isEmpty
        #expect(!wasEmpty && isEmpty)
        #expect(out.count == 0)
        out.append("then")
        let text = out.span.text()
        #expect(text == "then")
    }

    @Test("Removing a prefix moves the rest to the front", arguments: Array(0...9))
    func removeFirst(prefix: Int) {
        let text = built {
            $0.append("abcdefghi")
            $0.removeFirst(prefix)
            $0.append("!")
        }
        #expect(text == String("abcdefghi".dropFirst(prefix)) + "!")
    }
}
