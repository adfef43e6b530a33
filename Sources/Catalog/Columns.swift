/// The fields of all rows, one column for each, in the form that is quickest to test.
struct Columns: Sendable {
    let outputs: [ModalitySet]
    let inputs: [ModalitySet]
    let parameters: NameSets
    let created: [Int64?]
    let contextLength: [Int128?]
    let prices: TokenPrices<[FixedDecimal?]>
    let benchmarks: Benchmarks<[FixedDecimal?]>
    let designArenaElo: [FixedDecimal?]
    let priceEdges: [DayMinutes]
    let search: TextSearch

    /// The rows' tokenizers and authors, in lower case.
    let tokenizers: NameColumn
    let authors: NameColumn

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
        prices = TokenPrices(prompt: figures.map(\.prices.prompt), completion: figures.map(\.prices.completion))
        benchmarks = Benchmarks(
            intelligence: figures.map(\.benchmarks.intelligence), coding: figures.map(\.benchmarks.coding),
            agentic: figures.map(\.benchmarks.agentic))
        designArenaElo = figures.map(\.designArenaElo)
        pause()
        parameters = NameSets(rows.map(\.supportedParameters), pausing: pause)
        priceEdges = rows.map(\.priceEdges)
        search = TextSearch(rows, pausing: pause)

        tokenizers = NameColumn(rows) { $0.tokenizer ?? "" }
        pause()
        authors = NameColumn(rows, \.author)
        pause()

        let columns = self
        rankings = SortOrder.allCases.map { order in
            pause()
            return order.ranking(0..<Int32(rows.count)) { columns.key(Int($0), in: order) }
        }
    }
}

/// One name for each row, as the number of one of the distinct names.
struct NameColumn: Sendable {
    /// The number of each row's name.
    let numbers: [Int]
    /// The distinct names, in lower case.
    let table: NameTable

    init(_ rows: [ModelFields], _ name: (ModelFields) -> String) {
        var table = NameTable()
        numbers = rows.map { row in
            let name = name(row).foldedUTF8
            return table.intern(name.span)
        }
        self.table = table
    }

    /// For each distinct name, whether a query wants it.
    func wanted(_ isWanted: ([UInt8]) -> Bool) -> [Bool] { table.names.map(isWanted) }
}

/// The fields of a row that are not text. Copying a whole row retains and releases all of its texts; done for each
/// column, that cost more than the columns.
private struct Figures {
    let outputs: ModalitySet
    let inputs: ModalitySet
    let created: Int64?
    let contextLength: Int128?
    let prices: TokenPrices<FixedDecimal?>
    let benchmarks: Benchmarks<FixedDecimal?>
    let designArenaElo: FixedDecimal?

    init(_ row: ModelFields) {
        outputs = ModalitySet(row.outputModalities, among: ModalitySet.outputs)
        inputs = ModalitySet(row.inputModalities, among: ModalitySet.inputs)
        created = row.created
        contextLength = row.contextLength
        prices = row.prices
        benchmarks = row.benchmarks
        designArenaElo = row.designArenaElo
    }
}

extension ModelFields {
    /// The author of the model: the part of the id before the slash, without the tilde of an alias.
    var author: String {
        let author = id.utf8.prefix { $0 != UInt8(ascii: "/") }
        return String(Substring(author.first == UInt8(ascii: "~") ? author.dropFirst() : author))
    }
}
