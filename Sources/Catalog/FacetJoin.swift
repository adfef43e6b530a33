import Bytes

/// Joins a list with facets. All rows of all of them are numbered: first the list's, by their own numbers, then those that
/// only facets hold.
struct FacetJoin {
    private var sources: [Snapshot]
    private var places: [JoinedSelection.Place]
    /// How many clauses, counted from the first, each row has passed.
    private var passed: [Int32]
    /// The numbers of the rows that only facets hold.
    private var added: [[UInt8]: Int32] = [:]

    init(_ list: Snapshot) {
        sources = [list]
        places = (0..<Int32(list.count)).map { JoinedSelection.Place(source: 0, row: $0) }
        passed = Array(repeating: 0, count: list.count)
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
        let isOnlyList = sources.count == 1
        let all: [Int32]
        var sort = local.sort
        if let ranking = query.clauses.ranking {
            all = numbered[ranking].flatMap(\.self)
        } else if isOnlyList {
            all = sources[0].rows(in: sort)
            sort = nil
        } else {
            all = (0..<Int32(places.count)).map { $0 }
        }
        let clauses = Int32(query.clauses.count)
        let joined = all.filter { passed[Int($0)] == clauses }
        var (rows, validUntil) =
            isOnlyList ? sources[0].filter(joined, by: local, now: now) : filter(joined, by: local, now: now)
        if let sort { rows = sort.ranking(rows, by: { key($0, in: sort) }) }
        return JoinedSelection(
            sources: sources, places: places,
            selection: Selection(matches: rows, query: local, validUntil: validUntil))
    }

    // MARK: Numbering

    /// The numbers of a facet's rows, in its order.
    private mutating func number(_ facet: FacetRows, isShown: Bool) -> [Int32] {
        let list = sources[0]
        // It was read beside this very list: its numbers are the list's.
        if facet.own == nil, facet.ids.isSame(as: list.ids) { return facet.numbers }
        var source: Int32 = 0
        if let own = facet.own {
            source = Int32(sources.count)
            sources.append(own)
        }
        var result: [Int32] = []
        result.reserveCapacity(facet.numbers.count)
        for number in facet.numbers {
            if number < 0, let own = facet.own {
                let place = JoinedSelection.Place(source: source, row: ~number)
                result.append(self.number(own.ids.slice(Int(~number)), at: place, isShown: isShown))
            } else if facet.ids.isSame(as: list.ids) {
                result.append(number)
            } else if let row = list.row(ofID: facet.ids.slice(Int(number)).span) {
                result.append(Int32(row))
            }
            // Else the list has lost the model since the facet was read: there is nothing to show any more.
        }
        return result
    }

    /// The number of a row that a facet keeps.
    private mutating func number(_ id: ByteSlice, at place: JoinedSelection.Place, isShown: Bool) -> Int32 {
        if let row = sources[0].row(ofID: id.span) {
            if isShown, places[row].source == 0 { places[row] = place }
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

    // MARK: Rows of several sources

    private func filter(_ numbers: [Int32], by query: Query, now: Int64) -> (rows: [Int32], validUntil: Int64?) {
        var isKept = Array(repeating: false, count: places.count)
        var end: Int64?
        for (index, source) in sources.enumerated() {
            let mine = numbers.filter { places[Int($0)].source == index }
            let (kept, validUntil) = source.filter(mine.map { places[Int($0)].row }, by: query, now: now)
            if let validUntil { end = min(end ?? validUntil, validUntil) }
            // What is kept is in the order of what was asked.
            var next = 0
            for number in mine where next < kept.count && places[Int(number)].row == kept[next] {
                isKept[Int(number)] = true
                next += 1
            }
        }
        return (numbers.filter { isKept[Int($0)] }, end)
    }

    private func key(_ number: Int32, in order: SortOrder) -> Int128? {
        let place = places[Int(number)]
        return sources[Int(place.source)].columns.key(Int(place.row), in: order)
    }
}
