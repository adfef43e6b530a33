/// One model of the built-in catalogue: the object as upstream would write it, and what the built-in upstream looks at.
struct DemoModel: Sendable {
    /// The whole object.
    let json: String

    /// The name by which it is asked for.
    let id: String

    /// The name that stays when `id` moves on to a newer one.
    let canonicalSlug: String

    init(json: String) {
        self.json = json
        id = Self.text(after: "\"id\":\"", in: json)
        canonicalSlug = Self.text(after: "\"canonical_slug\":\"", in: json)
    }

    /// The part of the identifier before the slash, without the mark of an alias.
    var author: Substring { id.drop { $0 == "~" }.prefix { $0 != "/" } }

    /// Whether the weights are open, as far as one can tell from there being a place to fetch them.
    var isOpen: Bool { !json.contains("\"hugging_face_id\":null") }

    /// The strings of an array anywhere in the object, by its key.
    func list(_ key: String) -> [String] {
        let items = Self.text(after: "\"\(key)\":[", until: "]", in: json)
        return items.split(separator: ",").map { String($0.dropFirst().dropLast()) }
    }

    private static func text(after mark: String, until end: Character = "\"", in json: String) -> String {
        guard let range = json.firstRange(of: mark) else { return "" }
        return String(json[range.upperBound...].prefix { $0 != end })
    }
}
