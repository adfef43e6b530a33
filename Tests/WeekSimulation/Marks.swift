import Bytes

extension Ledger.Mark {
    /// The member that carries a mark, as upstream writes it.
    static func text(_ content: Int, _ row: Int) -> String { "\"x_mark\":\"\(content).\(row)\"" }

    private static let begin = Array("\"x_mark\":\"".utf8)

    /// All marks in a body, in its order.
    static func all(in body: Span<UInt8>) -> [Ledger.Mark] {
        var marks: [Ledger.Mark] = []
        var index = 0
        let begin = Self.begin
        while index + begin.count < body.count {
            guard body[index] == begin[0], body[index + 3] == begin[3],
                body.extracting(index..<index + begin.count).equals(begin.span)
            else {
                index += 1
                continue
            }
            index += begin.count
            var numbers = [0, 0]
            var part = 0
            while index < body.count, body[index] != begin[0] {
                if body[index] == UInt8(ascii: ".") {
                    part = 1
                } else {
                    numbers[part] = numbers[part] * 10 + Int(body[index] &- 0x30)
                }
                index += 1
            }
            marks.append(Ledger.Mark(content: numbers[0], row: numbers[1]))
        }
        return marks
    }

    /// The number in `{"data":{"count":N}}`.
    static func count(in body: Span<UInt8>) -> Int? {
        var number: Int?
        for index in 0..<body.count where (0x30...0x39).contains(body[index]) {
            number = (number ?? 0) * 10 + Int(body[index] - 0x30)
        }
        return number
    }
}
