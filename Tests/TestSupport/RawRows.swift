/// The rows of a list's body, and bodies made of them.
public enum RawRows {
    /// The elements of `data`, which is the first member, as they stand in a body.
    public static func of(_ body: [UInt8]) -> [ArraySlice<UInt8>] {
        var (rows, start, depth): ([ArraySlice<UInt8>], Int, Int) = ([], 9, 0)
        var (isInString, isEscaped) = (false, false)
        for index in start..<body.count {
            let byte = body[index]
            if isInString {
                isInString = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "]"):
                if depth == 0 { return rows + [body[start..<index]] }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0:
                rows.append(body[start..<index])
                start = index + 1
            default: break
            }
        }
        return rows
    }

    /// The body of an answer with some of the rows.
    public static func text(_ answer: ReferenceCatalog.Answer, _ rows: [ArraySlice<UInt8>]) -> [UInt8] {
        let next = answer.next.map { "\"\($0)\"" } ?? "null"
        return Array(#"{"data":["#.utf8) + Array(answer.rows.map { rows[$0] }.joined(separator: [UInt8(ascii: ",")]))
            + Array(#"],"total_count":\#(answer.total),"links":{"next":\#(next)}}"#.utf8)
    }
}
