public import Bytes
public import Catalog

/// Why a lock file cannot be used.
public struct LockError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One line that says where it is, such as `line 4: models[0].id is missing`.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// What a lock file says of one model. Values are JSON, in one spelling: no white space, members sorted by name.
public struct LockedModel: Equatable, Sendable {
    /// The model's id.
    public let id: String
    /// A string or null.
    public let canonicalSlug: [UInt8]
    /// A number or null.
    public let contextLength: [UInt8]
    /// A string or null.
    public let expirationDate: [UInt8]
    /// The prices, JSON values by name, sorted; without those that are null.
    public let prices: [(name: [UInt8], value: [UInt8])]

    /// What is to be locked of a row of the catalogue.
    public init(id: String, row: Span<UInt8>) { self.init(id: id, row, JSONScanner.value(of: row)) }

    init(id: String, _ text: Span<UInt8>, _ range: Range<Int>) {
        self.id = id
        let members = JSONScanner.members(text, in: range)
        canonicalSlug = Self.value("canonical_slug", members, text)
        contextLength = Self.value("context_length", members, text)
        expirationDate = Self.value("expiration_date", members, text)
        var prices: [(name: [UInt8], value: [UInt8])] = []
        for member in members where text.extracting(member.name).equals("pricing") {
            for price in JSONScanner.members(text, in: member.value) where !JSONScanner.isNull(text, in: price.value) {
                prices.append((text.extracting(price.name).copied(), CanonicalJSON.of(text, price.value)))
            }
        }
        self.prices = prices.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    private static func value(_ name: StaticString, _ members: [JSONScanner.Member], _ text: Span<UInt8>) -> [UInt8] {
        for member in members where text.extracting(member.name).equals(name) {
            return CanonicalJSON.of(text, member.value)
        }
        return Array("null".utf8)
    }

    /// Whether both say the same.
    public static func == (left: LockedModel, right: LockedModel) -> Bool { left.json == right.json }

    /// The model as a JSON object in one line.
    var json: [UInt8] {
        var out = ByteBuilder(capacity: 256)
        out.append("{\"id\":\"")
        out.append(jsonEscaped: Array(id.utf8).span)
        out.append("\",\"canonical_slug\":")
        out.append(canonicalSlug.span)
        out.append(",\"context_length\":")
        out.append(contextLength.span)
        out.append(",\"expiration_date\":")
        out.append(expirationDate.span)
        out.append(",\"pricing\":{")
        for (index, price) in prices.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out.append(UInt8(ascii: "\""))
            out.append(price.name.span)
            out.append("\":")
            out.append(price.value.span)
        }
        out.append("}}")
        return out.span.copied()
    }
}

/// The models that a project relies on, as `larder lock` writes them: sorted by id, a line for each, and nothing that
/// changes from one writing to the next, so that a version control system shows what changed.
public struct LockFile: Equatable, Sendable {
    /// The models, sorted by the bytes of their ids, each id once.
    public let models: [LockedModel]

    private static let version: StaticString = "1"
    private static let members = ["id", "canonical_slug", "context_length", "expiration_date", "pricing"]

    /// A lock of these models. Of several with one id the first counts.
    public init(_ models: some Sequence<LockedModel>) {
        let unique = Dictionary(models.map { ($0.id, $0) }) { first, _ in first }
        self.models = unique.values.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    }

    /// A lock of these rows of a catalogue.
    public init(_ snapshot: Snapshot, rows: some Sequence<Int>) {
        self.init(
            rows.map { row in
                let (id, bytes) = (snapshot.id(row), snapshot.row(row))
                return LockedModel(id: id.span.text(), row: bytes.span)
            })
    }

    /// The file: JSON, with a line for each model.
    public var text: SharedBytes {
        var out = ByteBuilder(capacity: 64 + models.count * 256)
        out.append("{\n  \"larder_lock\": ")
        out.append(Self.version)
        out.append(",\n  \"models\": [")
        for (index, model) in models.enumerated() {
            out.append(index > 0 ? ",\n    " : "\n    ")
            out.append(model.json.span)
        }
        out.append(models.isEmpty ? "]\n}\n" : "\n  ]\n}\n")
        return out.finish()
    }

    /// Reads a lock file. White space and the order of models and members may differ from what `text` writes. Throws for
    /// anything else: a member that is missing, unknown, repeated or of another type, or a repeated id.
    public init(parsing text: Span<UInt8>) throws(LockError) {
        do throws(JSONGrammar.Problem) {
            try JSONGrammar.check(text)
        } catch {
            throw LockError("line \(JSONGrammar.line(of: error.offset, in: text)): \(error.message)")
        }
        let root = JSONScanner.value(of: text)
        let members = try Self.members(text, root, called: "the file", known: ["larder_lock", "models"])
        guard text.extracting(members[0]).equals(Self.version) else {
            throw Self.error("larder_lock is not \(Self.version): another version wrote this file", text, members[0])
        }
        guard text[members[1].lowerBound] == UInt8(ascii: "[") else {
            throw Self.error("models is not an array", text, members[1])
        }
        var models: [LockedModel] = []
        var ids: Set<String> = []
        for range in JSONScanner.elements(text, in: members[1]) {
            let model = try Self.model(text, range, called: "models[\(models.count)]")
            guard ids.insert(model.id).inserted else { throw Self.error("\(model.id) is repeated", text, range) }
            models.append(model)
        }
        self.init(models)
    }

    private static func model(
        _ text: Span<UInt8>, _ range: Range<Int>, called name: String
    ) throws(LockError) -> LockedModel {
        let values = try members(text, range, called: name, known: members)
        guard let id = JSONScanner.string(text, in: values[0]), !id.isEmpty else {
            throw error("\(name).id is not a name", text, values[0])
        }
        for (index, kind) in ["a string", "a number", "a string"].enumerated() {
            let value = values[index + 1]
            let isString = text[value.lowerBound] == UInt8(ascii: "\"")
            let isNumber = FixedDecimal(parsing: text.extracting(value)) != nil
            guard JSONScanner.isNull(text, in: value) || (kind == "a string" ? isString : isNumber) else {
                throw error("\(name).\(members[index + 1]) is neither \(kind) nor null", text, value)
            }
        }
        guard text[values[4].lowerBound] == UInt8(ascii: "{") else {
            throw error("\(name).pricing is not an object", text, values[4])
        }
        if JSONScanner.hasRepetition(JSONScanner.allMembers(text, in: values[4]), in: text) {
            throw error("\(name).pricing has a repeated member", text, values[4])
        }
        return LockedModel(id: id, text, range)
    }

    /// The values of the members of an object, in the order of `known`.
    private static func members(
        _ text: Span<UInt8>, _ range: Range<Int>, called name: String, known: [String]
    ) throws(LockError) -> [Range<Int>] {
        guard text[range.lowerBound] == UInt8(ascii: "{") else { throw error("\(name) is not an object", text, range) }
        var values = [Range<Int>?](repeating: nil, count: known.count)
        for member in JSONScanner.allMembers(text, in: range) {
            let found = JSONScanner.decoded(text.extracting(member.name))
            guard let index = known.firstIndex(of: found) else {
                throw error("\(name) has an unknown member \(found)", text, member.name)
            }
            guard values[index] == nil else { throw error("\(name) has a repeated member \(found)", text, member.name) }
            values[index] = member.value
        }
        if let missing = values.firstIndex(of: nil) { throw error("\(name) lacks \(known[missing])", text, range) }
        return values.compactMap(\.self)
    }

    private static func error(_ message: String, _ text: Span<UInt8>, _ range: Range<Int>) -> LockError {
        LockError("line \(JSONGrammar.line(of: range.lowerBound, in: text)): \(message)")
    }
}

/// JSON in one spelling: no white space, the members of an object sorted by name. Strings and numbers stay as they are.
enum CanonicalJSON {
    /// Values that are nested deeper stay as they are.
    private static let greatestDepth = 32

    static func of(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var out = ByteBuilder(capacity: range.count)
        append(text, range, depth: 0, to: &out)
        return out.span.copied()
    }

    private static func append(_ text: Span<UInt8>, _ range: Range<Int>, depth: Int, to out: inout ByteBuilder) {
        let first = range.isEmpty ? 0 : text[range.lowerBound]
        guard depth < greatestDepth, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
            return out.append(text.extracting(range))
        }
        out.append(first)
        if first == UInt8(ascii: "[") {
            for (index, element) in JSONScanner.elements(text, in: range).enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                append(text, element, depth: depth + 1, to: &out)
            }
            return out.append(UInt8(ascii: "]"))
        }
        var members: [(name: [UInt8], value: Range<Int>)] = []
        for member in JSONScanner.members(text, in: range) {
            members.append((text.extracting(member.name).copied(), member.value))
        }
        members.sort { $0.name.lexicographicallyPrecedes($1.name) }
        for (index, member) in members.enumerated() {
            out.append(index > 0 ? ",\"" : "\"")
            out.append(member.name.span)
            out.append("\":")
            append(text, member.value, depth: depth + 1, to: &out)
        }
        out.append(UInt8(ascii: "}"))
    }
}
