/// The fields of all rows, each kind by itself and in the form that is quickest to test.
struct Columns: Sendable {
    let outputs: [ModalitySet]
    let inputs: [ModalitySet]
    let parameters: NameSets
    let created: [Int64?]
    let contextLength: [Int64?]
    let promptPrice: [FixedDecimal?]
    let completionPrice: [FixedDecimal?]
    let intelligence: [FixedDecimal?]
    let coding: [FixedDecimal?]
    let agentic: [FixedDecimal?]
    let designArenaElo: [FixedDecimal?]
    let priceEdges: [DayMinutes]
    let search: TextSearch

    /// The numbers of the rows' tokenizers and authors, and their names in lower case.
    let tokenizer: [Int]
    let tokenizers: NameTable
    let author: [Int]
    let authors: NameTable

    /// For each `SortOrder`, the numbers of all rows in that order: a query that sorts walks it and filters.
    private(set) var rankings: [[Int32]] = []

    /// `pause` is called every few microseconds.
    init(_ rows: [ModelFields], pausing pause: () -> Void) {
        func column<Value>(_ value: (ModelFields) -> Value) -> [Value] {
            defer { pause() }
            return rows.map(value)
        }

        outputs = column { ModalitySet($0.outputModalities, among: ModalitySet.outputs) }
        inputs = column { ModalitySet($0.inputModalities, among: ModalitySet.inputs) }
        parameters = NameSets(rows.map(\.supportedParameters), pausing: pause)
        created = column(\.created)
        contextLength = column(\.contextLength)
        promptPrice = column(\.promptPrice)
        completionPrice = column(\.completionPrice)
        intelligence = column(\.intelligenceIndex)
        coding = column(\.codingIndex)
        agentic = column(\.agenticIndex)
        designArenaElo = column(\.designArenaElo)
        priceEdges = column(\.priceEdges)
        search = TextSearch(rows, pausing: pause)

        var tokenizers = NameTable()
        tokenizer = column { tokenizers.intern(($0.tokenizer ?? "").foldedUTF8) }
        self.tokenizers = tokenizers
        var authors = NameTable()
        author = column { authors.intern($0.author.foldedUTF8) }
        self.authors = authors

        let columns = self
        rankings = SortOrder.allCases.map { order in
            pause()
            return order.ranking(0..<Int32(rows.count)) { columns.key(Int($0), in: order) }
        }
    }
}

extension ModelFields {
    /// Who made the model: the part of the id before the slash, without the tilde of an alias.
    var author: String {
        let author = id.utf8.prefix { $0 != UInt8(ascii: "/") }
        return String(Substring(author.first == UInt8(ascii: "~") ? author.dropFirst() : author))
    }
}
