import Bytes

/// Joins a list with facets. All rows of all of them are numbered: first the list's, by their own numbers, then those that
/// only facets hold.
struct FacetJoin {
    private let list: ModelList
    private let finder: ModelFinder
    /// How many rows and how many sources belong to the list.
    private let listCount: Int
    private let listSources: Int
    private var sources: [Snapshot]
    private var rowIndices: [RowIndex]
    /// How many clauses, counted from the first, each row has passed.
    private var passed: [Int32]
    /// The numbers of the rows that only facets contain.
    private var added: [[UInt8]: Int32] = [:]

    init(_ list: ModelList) {
        self.list = list
        finder = ModelFinder(list)
        sources = list.bases
        listSources = sources.count
        listCount = list.count
        let numbers = 0..<Int32(listCount)
        rowIndices =
            switch list {
            case .snapshot: numbers.map { RowIndex(source: 0, row: $0) }
            case .rows(let rows): numbers.map { rows.rowIndex($0) }
            }
        passed = Array(repeating: 0, count: listCount)
    }

    mutating func select(
        _ query: ForwardedQuery, facets: [[FacetRows]], in view: ViewFilter?, now: Int64
    ) -> JoinedSelection {
        var numbered = query.clauses.map { Array(repeating: [Int32](), count: $0.names.count) }
        // Facets whose rows are shown come before those that only fill gaps.
        for isShown in [true, false] {
            for (clause, terms) in query.clauses.enumerated() {
                for (term, name) in terms.names.enumerated() where name.isShown == isShown {
                    numbered[clause][term] = number(facets[clause][term], isShown: isShown)
                }
            }
        }
        for (clause, terms) in numbered.enumerated() {
            for rows in terms {
                for row in rows where passed[Int(row)] == clause { passed[Int(row)] += 1 }
            }
        }

        let local = query.local
        // A single snapshot is filtered directly; its rows are already in order.
        let alone: Snapshot? = if case .snapshot(let snapshot) = list, sources.count == 1 { snapshot } else { nil }
        var all: [Int32]
        var sort = local.sort ?? (query.clauses.ranking == nil ? view?.view.sort : nil)
        if let ranking = query.clauses.ranking {
            all = numbered[ranking].flatMap(\.self)
        } else if let alone {
            all = alone.rows(in: sort)
            sort = nil
        } else {
            all = (0..<Int32(rowIndices.count)).map { $0 }
        }
        let seen = view?.of(sources)
        if let seen { all = seen.filter(all) { rowIndices[Int($0)] } }
        let clauses = Int32(query.clauses.count)
        let joined = all.filter { passed[Int($0)] == clauses }
        var (rows, validUntil) =
            alone?.filter(joined, by: local, now: now)
            ?? sources.filter(joined, of: rowIndices.count, at: { rowIndices[Int($0)] }, by: local, now: now)
        if let sort { rows = sort.ranking(rows, by: { key($0, in: sort) }) }
        if let seen {
            if local.sort == nil, !query.clauses.hasSort { rows = seen.pinsFirst(rows) { rowIndices[Int($0)] } }
            validUntil = earliest(validUntil, seen.validUntil)
        }
        return JoinedSelection(
            sources: sources, rowIndices: rowIndices,
            selection: Selection(matches: rows, query: local, validUntil: validUntil))
    }

    private func key(_ number: Int32, in order: SortOrder) -> Int128? {
        let rowIndex = rowIndices[Int(number)]
        return sources[Int(rowIndex.source)].columns.key(Int(rowIndex.row), in: order)
    }

    // MARK: Numbering

    /// The numbers of a facet's rows, in its order.
    private mutating func number(_ facet: FacetRows, isShown: Bool) -> [Int32] {
        var isOfThisList = false
        if case .snapshot(let snapshot) = list, facet.columns.count == 1 {
            isOfThisList = facet.columns[0].isSame(as: snapshot.ids)
        }
        // The facet was read against this very snapshot: its numbers are the list's.
        if facet.own == nil, isOfThisList { return facet.numbers }
        let firstSource = Int32(sources.count)
        sources += facet.bases
        var result: [Int32] = []
        result.reserveCapacity(facet.numbers.count)
        for number in facet.numbers {
            if number < 0, let own = facet.own {
                let inOwn = own.rowIndex(~number)
                let rowIndex = RowIndex(source: firstSource + inOwn.source, row: inOwn.row)
                result.append(self.number(own.id(Int(~number)), at: rowIndex, isShown: isShown))
            } else if isOfThisList {
                result.append(number)
            } else {
                let known = RowIndex(packed: UInt32(number))
                let id = facet.columns[Int(known.source)].slice(Int(known.row))
                // Otherwise the list has lost the model since the facet was read, so there is nothing to show.
                if let row = finder.row(ofID: id.span) { result.append(Int32(row)) }
            }
        }
        return result
    }

    /// The number of a row that a facet keeps.
    private mutating func number(_ id: ByteSlice, at rowIndex: RowIndex, isShown: Bool) -> Int32 {
        if let row = finder.row(ofID: id.span) {
            // The first facet with a row provides it.
            if isShown, rowIndices[row].source < listSources { rowIndices[row] = rowIndex }
            return Int32(row)
        }
        let name = id.span.copied()
        if let known = added[name] { return known }
        let number = Int32(rowIndices.count)
        added[name] = number
        rowIndices.append(rowIndex)
        passed.append(0)
        return number
    }
}

/// One question to upstream about a list: a parameter with one value.
public struct FacetName: Hashable, Sendable {
    /// `parameter=value` in the one spelling of canonical queries.
    public let pair: String

    /// Whether its rows replace the list's own, because the settings leave the parameter to upstream.
    public let isShown: Bool

    init(_ parameter: [UInt8], _ value: [UInt8], isShown: Bool) {
        var bytes: [UInt8] = []
        QueryParameter(name: parameter, value: value).appendPair(to: &bytes)
        pair = String(decoding: bytes, as: UTF8.self)
        self.isShown = isShown
    }

    /// The parameter, if it is one that upstream may not know: neither a known one nor left to upstream by the settings.
    public var unknownParameter: String? {
        let name = FormDecoder.name(of: Array(pair.utf8).span)
        return isShown || ParameterTable.find(name.span) != nil ? nil : String(decoding: name, as: UTF8.self)
    }

    /// The query to send: models of every kind, unless the clause is about the kind.
    public var query: String {
        let outputs = ParameterTable.outputModalities.name + "="
        return pair.hasPrefix(outputs) ? pair : pair + "&" + outputs + "all"
    }
}

/// One condition that upstream decides: a row must be in one of its facets.
public struct FacetClause: Hashable, Sendable {
    /// The parameter, decoded.
    public let parameter: String

    /// The facets, in the order of the query.
    public let names: [FacetName]

    /// The order of canonical queries.
    static func < (left: FacetClause, right: FacetClause) -> Bool {
        left.parameter.utf8.lexicographicallyPrecedes(right.parameter.utf8)
    }
}

extension [FacetClause] {
    /// Whether upstream is asked for an order.
    var hasSort: Bool { contains { $0.parameter == ParameterTable.sort.name } }

    /// The index of the clause that sets the answer's order: that of `sort`, else that of `category`, which upstream
    /// ranks.
    var ranking: Int? {
        firstIndex { $0.parameter == ParameterTable.sort.name }
            ?? firstIndex { $0.parameter == ParameterTable.category.name }
    }
}
