extension Snapshot {
    /// The rows that answer a query at a time, in seconds since 1970: of all rows, or of those that a view leaves.
    public func select(_ query: Query, in view: ViewFilter? = nil, now: Int64) -> Selection {
        guard let seen = view?.of([self]) else {
            let (rows, validUntil) = filter(rows(in: query.sort), by: query, now: now)
            return Selection(matches: rows, query: query, validUntil: validUntil)
        }
        let rowIndex = { (row: Int32) in RowIndex(source: 0, row: row) }
        let left = seen.filter(rows(in: query.sort ?? seen.view.sort), at: rowIndex)
        let (rows, validUntil) = filter(left, by: query, now: now)
        return Selection(
            matches: query.sort == nil ? seen.pinsFirst(rows, at: rowIndex) : rows, query: query,
            validUntil: earliest(validUntil, seen.validUntil))
    }

    /// All rows in an order; nil is upstream's.
    func rows(in order: SortOrder?) -> [Int32] {
        order.map { columns.rankings[$0.rawValue] } ?? (0..<Int32(count)).map { $0 }
    }

    /// Those of the rows that pass a query at a time, in the order given, and the first second at which others could.
    func filter(_ rows: [Int32], by query: Query, now: Int64) -> (rows: [Int32], validUntil: Int64?) {
        var candidates = Candidates(rows: rows)
        filterByKind(&candidates, query)
        filterByFigures(&candidates, query)
        if !query.text.isEmpty {
            let pattern = TextSearch.Pattern(folded: query.text)
            candidates.keep { columns.search.row($0, contains: pattern) }
        }
        // Age comes last: only a row that passes all other conditions can appear or disappear with time.
        let validUntil = filterByAge(&candidates, query, now: now)
        return (candidates.rows, validUntil)
    }

    private func filterByKind(_ candidates: inout Candidates, _ query: Query) {
        if let wanted = query.outputModalities {
            candidates.keep { !columns.outputs[$0].isDisjoint(with: wanted) }
        }
        if !query.inputModalities.isEmpty {
            candidates.keep { columns.inputs[$0].isSuperset(of: query.inputModalities) }
        }
        for name in query.supportedParameters {
            let number = columns.parameters.table.number(of: name)
            candidates.keep { row in number.map { columns.parameters.contains(row, $0) } ?? false }
        }
        if !query.architecture.isEmpty {
            let wanted = columns.tokenizers.wanted { Self.tokenizer($0, isOf: query.architecture) }
            candidates.keep { wanted[columns.tokenizers.numbers[$0]] }
        }
        if !query.authors.isEmpty {
            let wanted = columns.authors.wanted { query.authors.contains($0) }
            candidates.keep { wanted[columns.authors.numbers[$0]] }
        }
    }

    /// Whether a tokenizer is the family itself or one of its numbered versions: Llama takes Llama3, but not Llamas.
    private static func tokenizer(_ name: [UInt8], isOf family: [UInt8]) -> Bool {
        name.starts(with: family) && name.dropFirst(family.count).allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
    }

    private func filterByFigures(_ candidates: inout Candidates, _ query: Query) {
        // An unknown context counts as 0.
        if let least = query.minimumContext.map({ Int128($0) }) {
            candidates.keep { columns.contextLength[$0] ?? 0 >= least }
        }
        candidates.keep(query.prices.prompt, of: columns.prices.prompt)
        candidates.keep(query.prices.completion, of: columns.prices.completion)
        candidates.keep(query.benchmarks.intelligence, of: columns.benchmarks.intelligence)
        candidates.keep(query.benchmarks.coding, of: columns.benchmarks.coding)
        candidates.keep(query.benchmarks.agentic, of: columns.benchmarks.agentic)
    }

    /// Returns the first second at which a candidate crosses a bound, or nil if none will.
    private func filterByAge(_ candidates: inout Candidates, _ query: Query, now: Int64) -> Int64? {
        guard query.age.isBounded else { return nil }
        let least = query.age.minimum.map { AgeLimit(days: $0) }
        let greatest = query.age.maximum.map { AgeLimit(days: $0) }
        var change: Int64?
        func note(_ second: Int64?) {
            if let second, second > now, second < .max { change = min(change ?? second, second) }
        }
        candidates.keep { row in
            guard let created = columns.created[row] else { return false }
            // The first second at which the model is old enough, and the first at which it is too old.
            let enters = least.map { $0.reached(from: created) }
            let leaves = greatest.map { $0.exceeded(from: created) }
            if let enters { note(enters) }
            if let leaves { note(leaves) }
            return now >= (enters ?? .min) && now < (leaves ?? .max)
        }
        return change
    }
}

/// An age in days, as seconds after some moment. A time beyond 64 bits never comes.
private struct AgeLimit {
    private let seconds: Int64

    init(days: Int64) {
        let product = days.multipliedReportingOverflow(by: 86_400)
        seconds = product.overflow ? .max : product.partialValue
    }

    func reached(from moment: Int64) -> Int64 {
        let sum = moment.addingReportingOverflow(seconds)
        return sum.overflow ? .max : sum.partialValue
    }

    func exceeded(from moment: Int64) -> Int64 {
        let sum = reached(from: moment)
        return sum == .max ? .max : sum + 1
    }
}

/// The rows that have passed so far, in the order of the answer. Each condition is one pass over them.
struct Candidates {
    private(set) var rows: [Int32]

    /// Drops the rows for which `passes` is false. It does not branch on the outcome, which is unpredictable.
    @inline(__always)
    mutating func keep(_ passes: (Int) -> Bool) {
        var kept = 0
        for index in rows.indices {
            let row = rows[index]
            rows[kept] = row
            kept += passes(Int(row)) ? 1 : 0
        }
        rows.removeLast(rows.count - kept)
    }

    /// Drops the rows whose value is out of bounds, if there are bounds.
    mutating func keep(_ range: DecimalRange, of column: [FixedDecimal?]) {
        if range.isBounded { keep { range.contains(column[$0]) } }
    }
}
