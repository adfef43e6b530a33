/// The tables of a document while it is read, and TOML's rules about which of them may still be added to.
struct TOMLTree {
    /// One part of a dotted key.
    struct Key {
        let name: [UInt8]
        /// Its first byte in the document.
        let position: Int

        var text: String { String(decoding: name, as: UTF8.self) }
    }

    /// Why a key or a header is refused: the part of it that is at fault.
    struct Refusal: Error {
        let part: Int
        let reason: String
    }

    /// What made a table, which decides who may add to it.
    private enum Maker {
        /// Only named in front of the last name of a header: a header of its own may follow.
        case superTable
        /// A header or an inline table: complete where it stands.
        case header
        /// A dotted key: other dotted keys of the same table may add to it, and headers may add tables to it.
        case dottedKey
    }

    private enum Node {
        case value(TOMLValue)
        case table(Int)
        /// An array of tables, as a place in `arrays`.
        case tables(Int)
    }

    private struct Table {
        var maker: Maker
        var line: Int
        // Bytes, since strings are compared by Unicode's equivalence, and TOML's keys are not.
        var names: [[UInt8]] = []
        var nodes: [[UInt8]: Node] = [:]

        mutating func add(_ name: [UInt8], _ node: Node) {
            names.append(name)
            nodes[name] = node
        }
    }

    /// The root is the first.
    static let root = 0
    private var tables = [Table(maker: .header, line: 1)]
    private var arrays: [[Int]] = []

    /// A new table that nothing refers to yet, for an inline table.
    mutating func newTable(line: Int) -> Int { newTable(.header, line) }

    private mutating func newTable(_ maker: Maker, _ line: Int) -> Int {
        tables.append(Table(maker: maker, line: line))
        return tables.count - 1
    }

    // MARK: Adding

    /// The table of a header `[path]`.
    mutating func openTable(_ path: [Key], line: Int) throws(Refusal) -> Int {
        let parent = try superTable(of: path, line: line)
        let last = path[path.count - 1].name
        switch tables[parent].nodes[last] {
        case nil:
            let table = newTable(.header, line)
            tables[parent].add(last, .table(table))
            return table
        case .table(let table) where tables[table].maker == .superTable:
            tables[table].maker = .header
            tables[table].line = line
            return table
        case let node?: throw redefined(path, path.count - 1, node)
        }
    }

    /// The next table of the array of a header `[[path]]`.
    mutating func openElement(_ path: [Key], line: Int) throws(Refusal) -> Int {
        let parent = try superTable(of: path, line: line)
        let last = path[path.count - 1].name
        let array: Int
        switch tables[parent].nodes[last] {
        case nil:
            arrays.append([])
            array = arrays.count - 1
            tables[parent].add(last, .tables(array))
        case .tables(let known): array = known
        case let node?: throw redefined(path, path.count - 1, node)
        }
        let table = newTable(.header, line)
        arrays[array].append(table)
        return table
    }

    /// Gives a dotted key of `table` a value.
    mutating func set(_ path: [Key], in table: Int, to value: TOMLValue) throws(Refusal) {
        var table = table
        for (part, key) in path.dropLast().enumerated() {
            switch tables[table].nodes[key.name] {
            case nil:
                let inner = newTable(.dottedKey, value.line)
                tables[table].add(key.name, .table(inner))
                table = inner
            case .table(let inner) where tables[inner].maker != .header:
                // A header for it would now define it twice.
                tables[inner].maker = .dottedKey
                table = inner
            case let node?: throw redefined(path, part, node)
            }
        }
        let last = path[path.count - 1].name
        if let node = tables[table].nodes[last] { throw redefined(path, path.count - 1, node) }
        tables[table].add(last, .value(value))
    }

    /// The table in front of the last name of a header; of an array of tables the last one so far.
    private mutating func superTable(of path: [Key], line: Int) throws(Refusal) -> Int {
        var table = Self.root
        for (part, key) in path.dropLast().enumerated() {
            switch tables[table].nodes[key.name] {
            case nil:
                let inner = newTable(.superTable, line)
                tables[table].add(key.name, .table(inner))
                table = inner
            case .table(let inner): table = inner
            case .tables(let array): table = arrays[array][arrays[array].count - 1]
            case .value(let value): throw redefined(path, part, .value(value))
            }
        }
        return table
    }

    private func redefined(_ path: [Key], _ part: Int, _ node: Node) -> Refusal {
        let name = path[...part].map { TOMLText.key($0.text) }.joined(separator: ".")
        let reason =
            switch node {
            case .value(let value): "`\(name)` already has a value, set on line \(value.line)"
            case .table(let table): "the table `\(name)` is already defined on line \(tables[table].line)"
            case .tables(let array):
                "`\(name)` is an array of tables, started on line \(tables[arrays[array][0]].line)"
            }
        return Refusal(part: part, reason: reason)
    }

    // MARK: The result

    /// A table with all that is in it.
    func finished(_ table: Int) -> TOMLTable {
        let table = tables[table]
        let entries = table.names.compactMap { name in
            table.nodes[name].map { node in
                TOMLTable.Entry(key: String(decoding: name, as: UTF8.self), value: value(of: node))
            }
        }
        return TOMLTable(entries: entries)
    }

    private func value(of node: Node) -> TOMLValue {
        switch node {
        case .value(let value): value
        case .table(let table): TOMLValue(.table(finished(table)), line: tables[table].line)
        case .tables(let array):
            TOMLValue(
                .array(arrays[array].map { value(of: .table($0)) }), line: tables[arrays[array][0]].line)
        }
    }
}

/// A table: keys and their values, in the order in which they are first mentioned.
public struct TOMLTable: Sendable, Equatable {
    /// A key and its value.
    public struct Entry: Sendable, Equatable {
        /// One key; a dot in it is a character like any other.
        public let key: String
        /// Its value.
        public let value: TOMLValue
    }

    /// No key occurs twice.
    public let entries: [Entry]

    init(entries: [Entry]) { self.entries = entries }

    /// Whether there is no key.
    public var isEmpty: Bool { entries.isEmpty }

    /// The value of a key. Keys are compared byte by byte, not by Unicode's equivalence.
    public subscript(key: String) -> TOMLValue? {
        entries.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }
}

extension TOMLTable {
    /// Reads a TOML 1.0 document, UTF-8 with or without a byte order mark.
    ///
    /// The first fault is thrown.
    public init(parsing bytes: [UInt8], limits: TOMLLimits = TOMLLimits()) throws(TOMLError) {
        var reader = TOMLReader(bytes, limits: limits)
        self = try reader.document()
    }
}

extension TOMLTable: CustomStringConvertible {
    /// An inline table.
    public var description: String {
        if isEmpty { return "{}" }
        return "{ " + entries.map { "\(TOMLText.key($0.key)) = \($0.value)" }.joined(separator: ", ") + " }"
    }
}

/// A value, and the line in which it begins.
public struct TOMLValue: Sendable, Equatable {
    /// The types of TOML.
    public enum Content: Sendable, Equatable {
        case string(String)
        case integer(Int64)
        /// `inf` and `nan` included; a number that is too large is infinite.
        case float(Double)
        case boolean(Bool)
        /// A date, a time or both, valid and as it was written.
        case dateTime(String)
        /// An array, an array of tables (`[[name]]`) included.
        case array([TOMLValue])
        case table(TOMLTable)
    }

    /// The type and the value.
    public let content: Content
    /// From 1. For a table, its header or the first key that needs it.
    public let line: Int

    /// A value.
    public init(_ content: Content, line: Int) {
        self.content = content
        self.line = line
    }
}

extension TOMLValue: CustomStringConvertible {
    /// The value as TOML, on one line: tables are inline tables.
    public var description: String {
        switch content {
        case .string(let text): TOMLText.quoted(text)
        case .integer(let number): String(number)
        case .float(let number): String(number)
        case .boolean(let truth): String(truth)
        case .dateTime(let text): text
        case .array(let items): "[" + items.map(\.description).joined(separator: ", ") + "]"
        case .table(let table): table.description
        }
    }
}
