import Bytes

/// A query in the making: each parameter goes either into the local query or among the clauses.
struct QueryAssembly {
    private(set) var query = Query()
    private(set) var clauses: [FacetClause] = []
    /// Why upstream is needed; nil as long as it is not.
    private(set) var reason: ForwardReason?

    private var isFeed = false
    private let upstreamParameters: Set<String>

    /// The most facets that a query is taken apart into. One with more is asked as it is: it would rarely meet a facet that
    /// is stored, and a short text must not cost upstream thousands of requests.
    private static let mostFacets = 32

    init(upstreamParameters: Set<String>) { self.upstreamParameters = upstreamParameters }

    /// Whether upstream has to be asked the whole query.
    var isWhole: Bool { isFeed || clauses.reduce(0) { $0 + $1.names.count } > Self.mostFacets }

    /// Takes a parameter in; its value is not empty. Throws if the value makes no sense.
    mutating func take(_ parameter: QueryParameter) throws(InvalidParameter) {
        let name = String(decoding: parameter.name, as: UTF8.self)
        if upstreamParameters.contains(name) {
            leave(parameter, .configured(name))
        } else if let local = LocalParameter(rawValue: name) {
            if let reason = try take(local, parameter.value) { leave(parameter, reason) }
        } else if let facet = FacetParameter(rawValue: name) {
            try Self.check(facet, parameter.value)
            leave(parameter, .facet(name))
        } else {
            leave(parameter, .unknownParameter(name))
        }
    }

    private mutating func leave(_ parameter: QueryParameter, _ cause: ForwardReason) {
        let name = String(decoding: parameter.name, as: UTF8.self)
        let isShown = upstreamParameters.contains(name)
        var values = [parameter.value]
        if name == FacetParameter.providers.rawValue {
            values = []
            for entry in ParameterValue.entries(parameter.value) where !values.contains(entry) { values.append(entry) }
            // Nothing but commas asks for nothing.
            if values.isEmpty { return }
        } else if name == LocalParameter.outputModalities.rawValue {
            query.outputModalities = nil
        } else if name == FeedParameter.isFeed.rawValue {
            isFeed = true
        }
        let names = values.map { FacetName(parameter.name, $0, isShown: isShown) }
        clauses.append(FacetClause(parameter: name, names: names))
        reason = reason ?? cause
    }

    private static func check(_ facet: FacetParameter, _ value: [UInt8]) throws(InvalidParameter) {
        switch facet {
        case .minToolSuccessRate, .maxToolSuccessRate:
            let one = FixedDecimal(units: 1_000_000_000_000_000_000_000_000)
            guard let rate = FixedDecimal(bound: value.span, rounding: .up), rate <= one else {
                throw InvalidParameter(facet.rawValue, mustBe: "a number from 0 to 1", not: value)
            }
        case .category, .providers, .distillable, .zdr, .region: break
        }
    }

    /// Returns why the value is upstream's to judge, or nil when it was taken in.
    private mutating func take(_ parameter: LocalParameter, _ value: [UInt8]) throws(InvalidParameter) -> ForwardReason?
    {
        let values = ParameterValue(parameter, value)
        switch parameter {
        case .outputModalities: return takeOutputs(values)
        case .inputModalities:
            guard let set = values.modalities(among: ModalitySet.inputs) else {
                return .unknownValue(parameter.rawValue)
            }
            query.inputModalities = set
        case .sort: return takeSort(value)
        case .supportedParameters: query.supportedParameters = values.list
        case .text: query.text = values.folded
        case .architecture: query.architecture = values.folded
        case .authors: query.authors = values.foldedList
        case .context: query.minimumContext = try values.integer(from: 1)
        case .minAge: query.minimumAge = try values.integer(from: 0)
        case .maxAge: query.maximumAge = try values.integer(from: 0)
        case .offset: query.offset = try values.integer(from: 0)
        case .limit: query.limit = try values.integer(from: 1, to: 1000)
        // Models state dollars per token, queries dollars per million of them.
        case .minPrice: query.promptPrice.lower = try values.bound(shift: 6, .up)
        case .maxPrice: query.promptPrice.upper = try values.bound(shift: 6, .down)
        case .minOutputPrice: query.completionPrice.lower = try values.bound(shift: 6, .up)
        case .maxOutputPrice: query.completionPrice.upper = try values.bound(shift: 6, .down)
        case .minIntelligence: query.intelligenceIndex.lower = try values.bound(.up)
        case .maxIntelligence: query.intelligenceIndex.upper = try values.bound(.down)
        case .minCoding: query.codingIndex.lower = try values.bound(.up)
        case .maxCoding: query.codingIndex.upper = try values.bound(.down)
        case .minAgentic: query.agenticIndex.lower = try values.bound(.up)
        case .maxAgentic: query.agenticIndex.upper = try values.bound(.down)
        }
        return nil
    }

    private mutating func takeOutputs(_ values: ParameterValue) -> ForwardReason? {
        let names = values.list
        let others = names.filter { !$0.span.equalsIgnoringCase("all") }
        guard let set = ParameterValue.modalities(others, among: ModalitySet.outputs) else {
            return .unknownValue(LocalParameter.outputModalities.rawValue)
        }
        if others.count < names.count {
            query.outputModalities = nil
        } else if !set.isEmpty {
            query.outputModalities = set
        }
        return nil
    }

    private mutating func takeSort(_ value: [UInt8]) -> ForwardReason? {
        if let order = SortOrder(value.span) {
            query.sort = order
            return nil
        }
        let name = LocalParameter.sort.rawValue
        let isKnown = FacetParameter.sorts.contains(String(decoding: value, as: UTF8.self))
        return isKnown ? .facet(name) : .unknownValue(name)
    }
}
