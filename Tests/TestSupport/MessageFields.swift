/// The fields of a test's message, in order and with repetitions: `["Cache-Control": "public", "Age": "3"]`.
public struct MessageFields: Sendable, Equatable, ExpressibleByDictionaryLiteral, CustomStringConvertible {
    /// One field, spelled as it was sent.
    public struct Field: Sendable, Equatable {
        /// The name as it was sent.
        public var name: String
        /// The value, without the spaces around it.
        public var value: String

        /// A field as it is to be sent.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// All fields in the order of the message.
    public var all: [Field]

    /// The fields of a literal, in its order; a name may occur more than once.
    public init(dictionaryLiteral elements: (String, String)...) {
        all = elements.map { Field(name: $0.0, value: $0.1) }
    }

    /// The first value under a name, whose case does not matter; setting replaces every field of that name.
    public subscript(name: String) -> String? {
        get { values(name).first }
        set {
            all.removeAll { $0.name.lowercased() == name.lowercased() }
            if let newValue { all.append(Field(name: name, value: newValue)) }
        }
    }

    /// Every value under a name, in order.
    public func values(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return all.filter { $0.name.lowercased() == wanted }.map(\.value)
    }

    /// The fields as lines of a message, each with its CRLF.
    public var description: String { all.map { "\($0.name): \($0.value)\r\n" }.joined() }
}

extension MessageFields {
    /// Reads a head: the first line, and its fields. Nil when a line has no colon or the head is not UTF-8.
    static func parse(head: [UInt8]) -> (firstLine: String, fields: MessageFields)? {
        guard let text = String(validating: head, as: UTF8.self) else { return nil }
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: true)
        guard !lines.isEmpty else { return nil }
        let first = String(lines.removeFirst())
        var fields = MessageFields()
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...]
                .drop { $0 == " " || $0 == "\t" }
                .reversed().drop { $0 == " " || $0 == "\t" }.reversed()
            fields.all.append(Field(name: String(line[..<colon]), value: String(value)))
        }
        return (first, fields)
    }
}
