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
        let figures = rows.map { row in
            pause()
            return Figures(row)
        }
        outputs = figures.map(\.outputs)
        inputs = figures.map(\.inputs)
        created = figures.map(\.created)
        contextLength = figures.map(\.contextLength)
        promptPrice = figures.map(\.promptPrice)
        completionPrice = figures.map(\.completionPrice)
        intelligence = figures.map(\.intelligence)
        coding = figures.map(\.coding)
        agentic = figures.map(\.agentic)
        designArenaElo = figures.map(\.designArenaElo)
        pause()
        parameters = NameSets(rows.map(\.supportedParameters), pausing: pause)
        priceEdges = rows.map(\.priceEdges)
        search = TextSearch(rows, pausing: pause)

        var tokenizers = NameTable()
        tokenizer = rows.map { row in
            let name = (row.tokenizer ?? "").foldedUTF8
            return tokenizers.intern(name.span)
        }
        self.tokenizers = tokenizers
        pause()
        var authors = NameTable()
        author = rows.map { row in
            let name = row.author.foldedUTF8
            return authors.intern(name.span)
        }
        self.authors = authors
        pause()

        let columns = self
        rankings = SortOrder.allCases.map { order in
            pause()
            return order.ranking(0..<Int32(rows.count)) { columns.key(Int($0), in: order) }
        }
    }
}

/// What is no text of a row. A look at a whole row counts the references to all of its texts up and down; done for each
/// column, that cost more than the columns.
private struct Figures {
    let outputs: ModalitySet
    let inputs: ModalitySet
    let created: Int64?
    let contextLength: Int64?
    let promptPrice: FixedDecimal?
    let completionPrice: FixedDecimal?
    let intelligence: FixedDecimal?
    let coding: FixedDecimal?
    let agentic: FixedDecimal?
    let designArenaElo: FixedDecimal?

    init(_ row: ModelFields) {
        outputs = ModalitySet(row.outputModalities, among: ModalitySet.outputs)
        inputs = ModalitySet(row.inputModalities, among: ModalitySet.inputs)
        created = row.created
        contextLength = row.contextLength
        promptPrice = row.promptPrice
        completionPrice = row.completionPrice
        intelligence = row.intelligenceIndex
        coding = row.codingIndex
        agentic = row.agenticIndex
        designArenaElo = row.designArenaElo
    }
}

extension ModelFields {
    /// Who made the model: the part of the id before the slash, without the tilde of an alias.
    var author: String {
        let author = id.utf8.prefix { $0 != UInt8(ascii: "/") }
        return String(Substring(author.first == UInt8(ascii: "~") ? author.dropFirst() : author))
    }
}
