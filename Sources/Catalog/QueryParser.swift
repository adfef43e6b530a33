import Bytes

/// Reads the query of a request for a list of models, and decides who can answer it.
public enum QueryParser {
    /// `rawQuery` is the part after the question mark, as it was sent. `upstreamParameters` are names that the settings
    /// leave to upstream whatever their values.
    ///
    /// Of a repeated parameter the last one counts, and if that is empty the parameter is absent. An invalid value is
    /// reported before anything is forwarded. Without `output_modalities` the query is for `standardOutputs`; nil is all.
    public static func parse(
        _ rawQuery: Span<UInt8>, upstreamParameters: Set<String> = [], standardOutputs: ModalitySet? = .text
    ) -> QueryPlan {
        var assembly = QueryAssembly(upstreamParameters: upstreamParameters, standardOutputs: standardOutputs)
        do throws(InvalidParameter) {
            for parameter in effective(rawQuery) { try assembly.take(parameter) }
        } catch {
            return .invalid(error)
        }
        guard let reason = assembly.reason else { return .local(assembly.query) }
        if assembly.query.asOf != nil { return .invalid(.onlyNow(reason)) }
        if assembly.isWhole, assembly.query.fields != nil { return .invalid(.fieldsOfForeignBody) }
        return .forward(
            ForwardedQuery(
                reason: reason, clauses: assembly.clauses.sorted { $0 < $1 },
                isWhole: assembly.isWhole, local: assembly.query))
    }

    /// The whole query in one spelling: absent parameters dropped, one of each name, sorted by name, every byte but
    /// letters, digits and `-._~` percent-encoded. Queries that mean the same to upstream have the same form.
    public static func canonical(_ rawQuery: Span<UInt8>) -> [UInt8] {
        let parameters = effective(rawQuery)
        var result: [UInt8] = []
        for parameter in parameters.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            if !result.isEmpty { result.append(UInt8(ascii: "&")) }
            parameter.appendPair(to: &result)
        }
        return result
    }

    /// Whether a query asks for a page of its result.
    public static func isPaged(_ rawQuery: Span<UInt8>) -> Bool {
        effective(rawQuery).contains { parameter in
            parameter.name.span.equals("offset") || parameter.name.span.equals("limit")
        }
    }

    /// Larder's own parameters in a query for something other than a list, whatever else is in it: the time whose
    /// catalogue it asks for, in seconds since 1970, nil for now. Throws for one that is unknown or invalid, or that only
    /// a list can have.
    public static func time(askedBy rawQuery: Span<UInt8>) throws(InvalidParameter) -> Int64? {
        var assembly = QueryAssembly(upstreamParameters: [], standardOutputs: nil)
        for parameter in effective(rawQuery) where parameter.name.span.starts(with: ParameterDefinition.ownPrefix) {
            try assembly.take(parameter)
        }
        if assembly.query.fields != nil { throw .fieldsOfNoList }
        return assembly.query.asOf
    }

    /// The query without those parameters that are unknown here and for which `isIgnored` is true; every other one is spelled
    /// as it was. Nil if there are none.
    public static func removing(
        from rawQuery: Span<UInt8>, where isIgnored: (String) -> Bool
    ) -> [UInt8]? {
        var result: [UInt8] = []
        var hasRemoved = false
        FormDecoder.forEachPair(rawQuery) { range in
            let pair = rawQuery.extracting(range)
            let name = FormDecoder.name(of: pair)
            if ParameterTable.find(name.span) == nil, isIgnored(String(decoding: name, as: UTF8.self)) {
                hasRemoved = true
                return
            }
            if !result.isEmpty { result.append(UInt8(ascii: "&")) }
            result += pair.copied()
        }
        return hasRemoved ? result : nil
    }

    /// The last of each name, in the order of the query, without those that are empty.
    static func effective(_ rawQuery: Span<UInt8>) -> [QueryParameter] {
        var parameters = FormDecoder.parameters(rawQuery)
        if parameters.count > mostCompared {
            var last: [[UInt8]: Int] = [:]
            for (index, parameter) in parameters.enumerated() { last[parameter.name] = index }
            return parameters.enumerated().filter { index, parameter in
                last[parameter.name] == index && !parameter.value.isEmpty
            }.map(\.element)
        }
        var kept = 0
        for index in parameters.indices where !parameters[index].value.isEmpty {
            if parameters[(index + 1)...].contains(where: { $0.name == parameters[index].name }) { continue }
            // Only those that were looked at change places.
            if kept != index { parameters.swapAt(kept, index) }
            kept += 1
        }
        parameters.removeLast(parameters.count - kept)
        return parameters
    }

    /// The most parameters that are compared with each other; more are looked up in a table.
    private static let mostCompared = 16
}

/// How a query is to be answered.
public enum QueryPlan: Equatable, Sendable {
    /// From a snapshot.
    case local(Query)
    /// By upstream, because only upstream knows some of it.
    case forward(ForwardedQuery)
    /// Not at all: the caller gets an error message.
    case invalid(InvalidParameter)

    /// Whether the answer is to show only some members of the models.
    public var hasFields: Bool {
        switch self {
        case .local(let query): query.fields != nil
        case .forward(let query): query.local.fields != nil
        case .invalid: false
        }
    }
}

/// A query that upstream must answer, in whole or in part.
public struct ForwardedQuery: Equatable, Sendable {
    /// Why a snapshot is not enough: the first cause in the order of the query.
    public let reason: ForwardReason

    /// The clauses that only upstream can answer, sorted by parameter; a row must be in each of them.
    public let clauses: [FacetClause]

    /// Whether it cannot be split into clauses: it asks for something other than a list of models, or for more facets
    /// than are worth a request each.
    public let isWhole: Bool

    /// All the other conditions.
    public let local: Query

    /// Whether it asks for a list of models in the usual form, but for more facets than are worth a request each.
    public var hasTooManyFacets: Bool { QueryAssembly.isTooMuch(clauses) }
}

/// Why a query needs upstream; each case names the parameter.
public enum ForwardReason: Equatable, Sendable, CustomStringConvertible {
    /// Only upstream knows the parameter or its value, such as `category=programming` and `sort=most-popular`.
    case facet(String)
    /// It is unknown here.
    case unknownParameter(String)
    /// Its value is unknown here, such as `sort=trending` or a new modality.
    case unknownValue(String)
    /// The settings leave it to upstream.
    case configured(String)

    /// The parameter.
    var parameter: String {
        switch self {
        case .facet(let name), .unknownParameter(let name), .unknownValue(let name), .configured(let name): name
        }
    }

    /// The reason without the parameter's name, for logs and metrics.
    public var description: String {
        switch self {
        case .facet: "facet"
        case .unknownParameter: "unknown-parameter"
        case .unknownValue: "unknown-value"
        case .configured: "configured"
        }
    }
}
