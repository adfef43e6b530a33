import Bytes

/// A named part of every list of models: the models that pass a query and two lists of patterns, some of them first.
///
/// It is pure data. `CompiledViews` finds out which rows of a snapshot it leaves.
public struct View: Equatable, Sendable {
    /// Its name, as in paths.
    public let name: String

    /// The conditions, all answered here, whatever the settings leave to upstream. Unless the query names
    /// `output_modalities`, models of every kind pass.
    let query: Query

    /// The models that a list without `output_modalities` has; nil for all. A view whose query names the parameter has its
    /// own answer to it, in place of the usual one.
    public let standardOutputs: ModalitySet?

    /// Patterns of ids of which one must match; none for all ids.
    let allow: [GlobPattern]

    /// Patterns of ids of which none may match.
    let deny: [GlobPattern]

    /// The ids of the models that come first, in this order, in answers to queries without a `sort`.
    let pins: [[UInt8]]

    /// Creates a view. `query` is as in a target, after the question mark. Throws for a query that a view cannot have; the
    /// other parts are as `ViewText` requires.
    public init(
        _ name: String, query: String = "", allow: [String] = [], deny: [String] = [], pins: [String] = []
    ) throws(InvalidParameter) {
        self.name = name
        let conditions = try ViewText.conditions(query)
        self.query = conditions.query
        standardOutputs = conditions.namesOutputs ? nil : .text
        self.allow = allow.map { GlobPattern($0) }
        self.deny = deny.map { GlobPattern($0) }
        self.pins = pins.map { Array($0.utf8) }
    }

    /// The order of its answers to queries that have none.
    var sort: SortOrder? { query.sort }

    /// Whether what it leaves can change with time alone, because models age.
    public var dependsOnTime: Bool { query.age.isBounded }

    /// A number that is part of the entity tags of its answers.
    public var identity: UInt64 { Array(name.utf8).span.hash64(seed: 0x7669_6577) }

    /// Whether the patterns let an id pass.
    func allows(_ id: Span<UInt8>) -> Bool {
        for pattern in deny where pattern.matches(id) { return false }
        for pattern in allow where pattern.matches(id) { return true }
        return allow.isEmpty
    }

    /// The first pinned id that the patterns exclude; nil if there is none.
    public var excludedPin: String? {
        pins.first { !allows($0.span) }.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// What the texts of a view may be.
public enum ViewText {
    /// The most views that there can be.
    public static let mostViews = 64

    /// The most patterns in a list, and the most pinned ids.
    public static let mostItems = 256

    /// The longest name, pattern or id, in bytes.
    private static let longest = 200

    /// The longest name of a view.
    private static let longestName = 64

    /// Whether a text can be the name of a view: letters, digits, `-` and `_`.
    public static func isName(_ text: String) -> Bool {
        (1...longestName).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: "_")
            }
    }

    /// Why a text cannot be a pattern of ids; nil if it can.
    public static func problem(ofPattern text: String) -> String? {
        if let problem = problem(ofText: text, "a pattern") { return problem }
        if text.utf8.contains(where: "[]{}!\\^".utf8.contains) {
            return "\"\(text)\" is not a pattern: only * (any text) and ? (one character) have a meaning of their own"
        }
        // An id is `author/slug`.
        if !text.contains("/"), !text.contains("*"), !text.contains("?") {
            return "\"\(text)\" matches no id: did you mean \"\(text)/*\"?"
        }
        return nil
    }

    /// Why a text cannot be the id of a model; nil if it can.
    public static func problem(ofID text: String) -> String? {
        if let problem = problem(ofText: text, "an id") { return problem }
        if text.contains("*") || text.contains("?") { return "\"\(text)\" is a pattern, not the id of a model" }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count >= 2 && !parts.contains("") ? nil : "\"\(text)\" is not an id such as openai/gpt-5.4"
    }

    private static func problem(ofText text: String, _ kind: String) -> String? {
        if text.isEmpty { return "an empty text is not \(kind)" }
        if text.utf8.count > longest { return "\(kind) has at most \(longest) characters" }
        return text.utf8.allSatisfy {
            (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"")
        }
            ? nil : "\(kind) has no spaces, commas, quotes or characters beyond ASCII"
    }

    /// The conditions in a view's query, and whether `output_modalities` is among them. Throws for a parameter that is
    /// unknown, or that only upstream can answer, or that is about a request rather than about models; and for a bad value.
    public static func conditions(_ text: String) throws(InvalidParameter) -> (query: Query, namesOutputs: Bool) {
        var query = Query()
        query.outputModalities = nil
        var namesOutputs = false
        for parameter in QueryParser.effective(Array(text.utf8).span) {
            guard let definition = ParameterTable.find(parameter.name.span) else {
                throw InvalidParameter(unknown: String(decoding: parameter.name, as: UTF8.self), known: names)
            }
            switch definition.answerer {
            case .catalog: break
            case .upstream: throw .unsuited(definition.name, "only upstream can answer it")
            case .larder: throw .unsuited(definition.name, "it belongs to a request")
            case .wholeQuery: throw .unsuited(definition.name, "upstream answers it with a body of its own")
            }
            do throws(ValueProblem) {
                try definition.read(&query, ParameterValue(definition, parameter.value))
            } catch {
                throw refusal(error, definition, parameter.value)
            }
            if definition === ParameterTable.outputModalities, !FormDecoder.list(parameter.value).isEmpty {
                namesOutputs = true
            }
        }
        return (query, namesOutputs)
    }

    private static func refusal(
        _ problem: ValueProblem, _ definition: ParameterDefinition, _ value: [UInt8]
    ) -> InvalidParameter {
        switch problem {
        case .invalid(let invalid): return invalid
        case .upstream:
            return .unsuited("\(definition.name)=\(value.span.text())", "only upstream knows this order")
        case .unknown:
            let isSort = definition === ParameterTable.sort
            let known = isSort ? SortOrder.allCases.map { "\($0.name)" } : definition.kind.knownValues
            let entries = isSort ? [value] : FormDecoder.list(value)
            let stray = entries.first { !known.contains($0.span.text().lowercased()) } ?? value
            return .unknownValue(stray, of: definition.name, known: known)
        }
    }

    /// The parameters that a view's query can have.
    private static var names: [String] { ParameterTable.all.filter { $0.answerer == .catalog }.map(\.name) }
}

/// A pattern for ids: `*` matches any characters, slashes included, `?` matches one, and anything else matches itself.
/// Case matters, as in ids.
public struct GlobPattern: Hashable, Sendable {
    /// The pattern as UTF-8.
    private let bytes: [UInt8]

    /// Any text is a pattern.
    public init(_ text: String) { bytes = Array(text.utf8) }

    /// Whether the pattern matches the whole text.
    public func matches(_ text: String) -> Bool { matches(Array(text.utf8).span) }

    /// Whether the pattern matches the whole text, which is UTF-8. The time is at most the product of both lengths.
    public func matches(_ text: Span<UInt8>) -> Bool {
        var at = 0
        var position = 0
        /// The position after the last star, and where in the text the match of the rest was last tried.
        var star: (position: Int, at: Int)?
        while at < text.count {
            if position < bytes.count, bytes[position] == UInt8(ascii: "*") {
                position += 1
                star = (position, at)
            } else if position < bytes.count, bytes[position] == UInt8(ascii: "?"), !Self.continues(text[at]) {
                position += 1
                at += 1
                while at < text.count, Self.continues(text[at]) { at += 1 }
            } else if position < bytes.count, bytes[position] == text[at] {
                position += 1
                at += 1
            } else if let last = star {
                // The star takes one byte more.
                star = (last.position, last.at + 1)
                position = last.position
                at = last.at + 1
            } else {
                return false
            }
        }
        return bytes[position...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// Whether a byte is not the first one of its character.
    private static func continues(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
