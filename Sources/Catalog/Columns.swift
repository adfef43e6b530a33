/// The fields of all rows, each kind by itself and in the form that is quickest to test.
struct Columns: Sendable {
    let outputs: [ModalitySet]
    let inputs: [ModalitySet]
    let parameters: NameSets
    let created: [Int64?]
    let contextLength: [Int64]
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

    init(_ rows: [ModelFields]) {
        outputs = rows.map { ModalitySet($0.outputModalities, among: ModalitySet.outputs) }
        inputs = rows.map { ModalitySet($0.inputModalities, among: ModalitySet.inputs) }
        parameters = NameSets(rows.map { row in row.supportedParameters.map { Array($0.utf8) } })
        created = rows.map(\.created)
        contextLength = rows.map(\.contextLength)
        promptPrice = rows.map(\.promptPrice)
        completionPrice = rows.map(\.completionPrice)
        intelligence = rows.map(\.intelligenceIndex)
        coding = rows.map(\.codingIndex)
        agentic = rows.map(\.agenticIndex)
        designArenaElo = rows.map(\.designArenaElo)
        priceEdges = rows.map(\.priceEdges)
        search = TextSearch(rows)

        var tokenizers = NameTable()
        tokenizer = rows.map { tokenizers.intern(($0.tokenizer ?? "").foldedUTF8) }
        self.tokenizers = tokenizers
        var authors = NameTable()
        author = rows.map { authors.intern($0.author.foldedUTF8) }
        self.authors = authors

        let columns = self
        rankings = SortOrder.allCases.map { order in
            order.ranking(0..<Int32(rows.count)) { columns.key(Int($0), in: order) }
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
