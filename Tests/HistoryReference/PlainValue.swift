import Bytes
package import JSONDocument
package import TestSupport

/// A JSON value as a tree, read by the parser.
package indirect enum PlainValue: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([PlainValue])
    case object([String: PlainValue])

    package init(_ value: JSONValue) {
        switch value.kind {
        case .null: self = .null
        case .bool: self = .bool(value.bool ?? false)
        case .number: self = .number(value.rawNumber ?? "")
        case .string: self = .string(value.string ?? "")
        case .array: self = .array(value.elements.map { PlainValue($0) })
        case .object:
            var members: [String: PlainValue] = [:]
            for member in value.members { members[member.name.string ?? ""] = PlainValue(member.value) }
            self = .object(members)
        }
    }

    package init(parsing bytes: [UInt8]) throws { self.init(try JSONDocument(parsing: bytes.span).root) }

    package init(parsing text: String) throws { try self.init(parsing: Array(text.utf8)) }

    package subscript(name: String) -> PlainValue {
        if case .object(let members) = self { members[name] ?? .null } else { .null }
    }

    package var members: [String: PlainValue]? { if case .object(let members) = self { members } else { nil } }

    package var text: String? { if case .string(let text) = self { text } else { nil } }

    /// The value with numbers spelled in one way. Strings that spell numbers as well, if `withPrices`.
    package func normalized(withPrices: Bool) -> PlainValue {
        switch self {
        case .number(let text): .number(PlainDecimal(text)?.description ?? text)
        case .string(let text) where withPrices:
            text.isEmpty || text.hasPrefix("+") ? self : .string(PlainDecimal(text)?.description ?? text)
        case .array(let elements): .array(elements.map { $0.normalized(withPrices: withPrices) })
        case .object(let members): .object(members.mapValues { $0.normalized(withPrices: withPrices) })
        default: self
        }
    }

    /// JSON with the members in any order and white space anywhere.
    package func shuffledJSON(_ random: inout SeededGenerator) -> String {
        func space() -> String { ["", "", "", " ", "\n", "\t  "].randomElement(using: &random) ?? "" }
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .number(let text): return text
        case .string(let text):
            var out = ByteBuilder()
            out.append(jsonEscaped: Array(text.utf8).span)
            return "\"\(out.span.text())\""
        case .array(let elements):
            var texts: [String] = []
            for element in elements { texts.append(space() + element.shuffledJSON(&random) + space()) }
            return "[" + texts.joined(separator: ",") + "]"
        case .object(let members):
            var texts: [String] = []
            for (name, value) in members.sorted(by: { $0.key < $1.key }).shuffled(using: &random) {
                let key = PlainValue.string(name).shuffledJSON(&random)
                texts.append(space() + key + space() + ":" + space() + value.shuffledJSON(&random) + space())
            }
            return "{" + texts.joined(separator: ",") + "}"
        }
    }
}
