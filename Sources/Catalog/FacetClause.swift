/// One thing that upstream is asked of a list: a parameter with one value.
public struct FacetName: Hashable, Sendable {
    /// `parameter=value` in the one spelling of canonical queries.
    public let pair: String

    /// Whether its rows are shown in place of the list's own, because the settings leave the parameter to upstream.
    public let isShown: Bool

    init(_ parameter: [UInt8], _ value: [UInt8], isShown: Bool) {
        var bytes: [UInt8] = []
        QueryParameter(name: parameter, value: value).appendPair(to: &bytes)
        pair = String(decoding: bytes, as: UTF8.self)
        self.isShown = isShown
    }

    /// The query to ask with: models of every kind, unless it is the kind that is asked about.
    public var query: String {
        let outputs = LocalParameter.outputModalities.rawValue + "="
        return pair.hasPrefix(outputs) ? pair : pair + "&" + outputs + "all"
    }
}

/// One condition that upstream decides: a row has to stand in one of its facets.
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
    /// The place of the clause whose order the answer has: that of `sort`, else that of `category`, which upstream ranks.
    var ranking: Int? {
        firstIndex { $0.parameter == LocalParameter.sort.rawValue }
            ?? firstIndex { $0.parameter == FacetParameter.category.rawValue }
    }
}
