import Bytes

/// The part of a caller's query that a snapshot can answer. The conditions are joined by AND.
public struct Query: Equatable, Sendable {
    /// The requested outputs, any of them; nil for all models. Without the parameter: text.
    public var outputModalities: ModalitySet? = .text

    /// The requested inputs, all of them.
    public var inputModalities: ModalitySet = []

    /// The parameters that must be supported, all of them.
    public var supportedParameters: [[UInt8]] = []

    /// What must occur in the name, id or slug, in lower case; empty for no such condition.
    public var text: [UInt8] = []

    /// The minimum context, in tokens.
    public var minimumContext: Int64?

    /// Bounds on the dollars for one token (not for a million).
    public var prices = TokenPrices(prompt: DecimalRange(), completion: DecimalRange())

    /// Bounds on the age.
    public var age = AgeRange()

    /// Bounds on the indices.
    public var benchmarks = Benchmarks(
        intelligence: DecimalRange(), coding: DecimalRange(), agentic: DecimalRange())

    /// The family of tokenizers in lower case: it must equal the model's, with or without the model's trailing digits.
    public var architecture: [UInt8] = []

    /// The requested authors, any of them, in lower case; empty for all.
    public var authors: [[UInt8]] = []

    /// The order; nil for upstream's.
    public var sort: SortOrder?

    /// The part of the result to show.
    public var page = PageRange()

    /// The members of the models to show; nil for all.
    public var fields: FieldSelection?

    /// The time whose catalogue is asked for, in seconds since 1970; nil for now.
    public var asOf: Int64?

    /// The query without parameters: all models that make text.
    public init() {}
}

/// Bounds on the age of a model, in days of 86,400 seconds, both inclusive.
public struct AgeRange: Equatable, Sendable {
    /// The minimum age.
    public var minimum: Int64?

    /// The maximum age.
    public var maximum: Int64?

    /// No bounds.
    public init() {}

    /// Whether there is a bound at all.
    public var isBounded: Bool { minimum != nil || maximum != nil }
}

/// The part of a result that a query asks for; the whole result without an offset and a limit.
public struct PageRange: Equatable, Sendable {
    /// How many rows to leave out at the front of the result.
    public var offset: Int64?

    /// How many rows to show at most.
    public var limit: Int64?

    /// The limit of a query that has an offset only.
    static let defaultLimit: Int64 = 500

    /// The whole result.
    public init() {}
}

/// A query under construction: each parameter goes either into the local query or among the clauses.
struct QueryAssembly {
    private(set) var query = Query()
    private(set) var clauses: [FacetClause] = []
    /// Why upstream is needed; nil if it is not.
    private(set) var reason: ForwardReason?

    private var hasOtherForm = false
    private let upstreamParameters: Set<String>

    /// The maximum number of facets that a query is split into. A query with more is sent whole: it would rarely match
    /// a stored facet, and a short text must not cost upstream thousands of requests.
    private static let mostFacets = 32

    init(upstreamParameters: Set<String>, standardOutputs: ModalitySet?) {
        self.upstreamParameters = upstreamParameters
        query.outputModalities = standardOutputs
    }

    /// Whether the whole query must go to upstream.
    var isWhole: Bool { hasOtherForm || Self.isTooMuch(clauses) }

    /// Whether these are more facets than are worth a request each.
    static func isTooMuch(_ clauses: [FacetClause]) -> Bool {
        clauses.reduce(0) { $0 + $1.names.count } > mostFacets
    }

    /// Adds a parameter; its value is not empty. Throws if the value is invalid.
    mutating func take(_ parameter: QueryParameter) throws(InvalidParameter) {
        let definition = ParameterTable.find(parameter.name.span)
        if !upstreamParameters.isEmpty {
            let name = String(decoding: parameter.name, as: UTF8.self)
            if upstreamParameters.contains(name) {
                return leave(parameter, definition, .configured(name), isShown: true)
            }
        }
        guard let definition else {
            if parameter.name.span.starts(with: ParameterDefinition.ownPrefix) {
                let own = ParameterTable.all.map(\.name).filter { $0.hasPrefix("\(ParameterDefinition.ownPrefix)") }
                throw InvalidParameter(unknown: String(decoding: parameter.name, as: UTF8.self), known: own)
            }
            return leave(parameter, nil, .unknownParameter(String(decoding: parameter.name, as: UTF8.self)))
        }
        do throws(ValueProblem) {
            try definition.read(&query, ParameterValue(definition, parameter.value))
        } catch {
            switch error {
            case .invalid(let problem): throw problem
            case .unknown: return leave(parameter, definition, .unknownValue(definition.name))
            case .upstream: return leave(parameter, definition, .facet(definition.name))
            }
        }
        switch definition.answerer {
        case .catalog, .larder: break
        case .upstream: leave(parameter, definition, .facet(definition.name))
        case .wholeQuery:
            hasOtherForm = true
            leave(parameter, definition, .unknownParameter(definition.name))
        }
    }

    private mutating func leave(
        _ parameter: QueryParameter, _ definition: ParameterDefinition?, _ cause: ForwardReason, isShown: Bool = false
    ) {
        var value = parameter.value
        // One request asks upstream for all names together: it ignores those that it does not know, and the whole
        // parameter if it knows none, so answers for single names do not add up.
        if let definition, definition.kind.isSet {
            let entries = Set(FormDecoder.list(value)).sorted { $0.lexicographicallyPrecedes($1) }
            // A value of only commas has no effect.
            if entries.isEmpty { return }
            value = Array(entries.joined(separator: [UInt8(ascii: ",")]))
        }
        if definition === ParameterTable.outputModalities { query.outputModalities = nil }
        clauses.append(
            FacetClause(
                parameter: String(decoding: parameter.name, as: UTF8.self),
                names: [FacetName(parameter.name, value, isShown: isShown)]))
        reason = reason ?? cause
    }
}
