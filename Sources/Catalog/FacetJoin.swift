import Bytes

/// Joins a list with facets. All rows of all of them are numbered: first the list's, by their own numbers, then those that
/// only facets hold.
struct FacetJoin {
    private let list: ModelList
    private let finder: ModelFinder
    /// How many rows, and of how many sources, are the list's.
    private let listCount: Int
    private let listSources: Int
    private var sources: [Snapshot]
    private var places: [RowPlace]
    /// How many clauses, counted from the first, each row has passed.
    private var passed: [Int32]
    /// The numbers of the rows that only facets hold.
    private var added: [[UInt8]: Int32] = [:]

    init(_ list: ModelList) {
        self.list = list
        finder = ModelFinder(list)
        sources = list.bases
        listSources = sources.count
        listCount = list.count
        let numbers = 0..<Int32(listCount)
        places =
            switch list {
            case .snapshot: numbers.map { RowPlace(source: 0, row: $0) }
            case .rows(let rows): numbers.map { rows.place($0) }
            }
        passed = Array(repeating: 0, count: listCount)
    }

    mutating func select(_ query: ForwardedQuery, facets: [[FacetRows]], now: Int64) -> JoinedSelection {
        var numbered = query.clauses.map { Array(repeating: [Int32](), count: $0.names.count) }
        // What is shown goes before what merely fills gaps.
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
        // A snapshot by itself is filtered as it is, and has its rows in order already.
        let alone: Snapshot? = if case .snapshot(let snapshot) = list, sources.count == 1 { snapshot } else { nil }
        let all: [Int32]
        var sort = local.sort
        if let ranking = query.clauses.ranking {
            all = numbered[ranking].flatMap(\.self)
        } else if let alone {
            all = alone.rows(in: sort)
            sort = nil
        } else {
            all = (0..<Int32(places.count)).map { $0 }
        }
        let clauses = Int32(query.clauses.count)
        let joined = all.filter { passed[Int($0)] == clauses }
        var (rows, validUntil) =
            alone?.filter(joined, by: local, now: now)
            ?? sources.filter(joined, of: places.count, at: { places[Int($0)] }, by: local, now: now)
        if let sort { rows = sort.ranking(rows, by: { key($0, in: sort) }) }
        return JoinedSelection(
            sources: sources, places: places,
            selection: Selection(matches: rows, query: local, validUntil: validUntil))
    }

    private func key(_ number: Int32, in order: SortOrder) -> Int128? {
        let place = places[Int(number)]
        return sources[Int(place.source)].columns.key(Int(place.row), in: order)
    }

    // MARK: Numbering

    /// The numbers of a facet's rows, in its order.
    private mutating func number(_ facet: FacetRows, isShown: Bool) -> [Int32] {
        var isOfThisList = false
        if case .snapshot(let snapshot) = list, facet.columns.count == 1 {
            isOfThisList = facet.columns[0].isSame(as: snapshot.ids)
        }
        // It was read beside this very snapshot: its numbers are the list's.
        if facet.own == nil, isOfThisList { return facet.numbers }
        let firstSource = Int32(sources.count)
        sources += facet.bases
        var result: [Int32] = []
        result.reserveCapacity(facet.numbers.count)
        for number in facet.numbers {
            if number < 0, let own = facet.own {
                let inOwn = own.place(~number)
                let place = RowPlace(source: firstSource + inOwn.source, row: inOwn.row)
                result.append(self.number(own.id(Int(~number)), at: place, isShown: isShown))
            } else if isOfThisList {
                result.append(number)
            } else {
                let known = RowPlace(packed: UInt32(number))
                let id = facet.columns[Int(known.source)].slice(Int(known.row))
                // Else the list has lost the model since the facet was read: there is nothing to show any more.
                if let row = finder.row(ofID: id.span) { result.append(Int32(row)) }
            }
        }
        return result
    }

    /// The number of a row that a facet keeps.
    private mutating func number(_ id: ByteSlice, at place: RowPlace, isShown: Bool) -> Int32 {
        if let row = finder.row(ofID: id.span) {
            // The first facet that shows a row shows it.
            if isShown, places[row].source < listSources { places[row] = place }
            return Int32(row)
        }
        let name = id.span.copied()
        if let known = added[name] { return known }
        let number = Int32(places.count)
        added[name] = number
        places.append(place)
        passed.append(0)
        return number
    }
}
