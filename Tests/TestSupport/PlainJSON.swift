/// Brings a JSON text into one form without understanding it: white space between tokens is dropped, and strings are
/// escaped in one way only. Order, repetition and the spelling of numbers stay as they are.
public enum PlainJSON {
    /// The one form of a valid text.
    public static func normalized(_ text: [UInt8]) -> String {
        var result = String.UnicodeScalarView()
        let scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
        var index = 0
        while index < scalars.count {
            if scalars[index] == "\"" {
                result.append("\"")
                for scalar in string(scalars, &index) { append(scalar, to: &result) }
                result.append("\"")
            } else {
                if !" \t\r\n".unicodeScalars.contains(scalars[index]) { result.append(scalars[index]) }
                index += 1
            }
        }
        return String(result)
    }

    /// The elements of the array `data`, the only member of a root object, each in the one form.
    public static func rows(_ text: [UInt8]) -> [String] {
        var rows: [String] = []
        var row = String.UnicodeScalarView()
        var depth = 0
        var isInString = false
        var isEscaped = false
        for scalar in normalized(text).unicodeScalars.dropFirst("{\"data\":[".count) {
            if isInString {
                isInString = isEscaped || scalar != "\""
                isEscaped = !isEscaped && scalar == "\\"
            } else {
                if scalar == "\"" { isInString = true }
                if scalar == "{" || scalar == "[" { depth += 1 }
                if depth == 0 {
                    if !row.isEmpty { rows.append(String(row)) }
                    row = String.UnicodeScalarView()
                    if scalar == "]" { break }
                    continue
                }
                if scalar == "}" || scalar == "]" { depth -= 1 }
            }
            row.append(scalar)
        }
        return rows
    }

    /// The meaning of the string that begins at `index`; `index` goes behind its closing quote.
    private static func string(_ scalars: [Unicode.Scalar], _ index: inout Int) -> [Unicode.Scalar] {
        var units: [UInt16] = []
        index += 1
        while scalars[index] != "\"" {
            guard scalars[index] == "\\" else {
                units += Array(String(scalars[index]).utf16)
                index += 1
                continue
            }
            switch scalars[index + 1] {
            case "u":
                let digits = String(String.UnicodeScalarView(scalars[index + 2..<index + 6]))
                units.append(UInt16(digits, radix: 16) ?? 0)
                index += 4
            case "b": units.append(8)
            case "f": units.append(12)
            case "n": units.append(10)
            case "r": units.append(13)
            case "t": units.append(9)
            case let other: units += Array(String(other).utf16)
            }
            index += 2
        }
        index += 1
        return Array(String(decoding: units, as: UTF16.self).unicodeScalars)
    }

    private static func append(_ scalar: Unicode.Scalar, to result: inout String.UnicodeScalarView) {
        if scalar == "\"" || scalar == "\\" || scalar.value < 0x20 {
            result.append(contentsOf: "\\u{".unicodeScalars)
            result.append(contentsOf: String(scalar.value).unicodeScalars)
            result.append("}")
        } else {
            result.append(scalar)
        }
    }
}
