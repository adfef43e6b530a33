import Bytes

/// Reads the query of a request for a list of models, and decides who can answer it.
public enum QueryParser {
    /// `rawQuery` is what stands behind the question mark, as it was sent. `upstreamParameters` are names that the settings
    /// leave to upstream whatever their values.
    ///
    /// Of a repeated parameter the last one counts, and if that is empty the parameter is absent. A value that makes no
    /// sense is told before anything is forwarded.
    public static func parse(_ rawQuery: Span<UInt8>, upstreamParameters: Set<String> = []) -> QueryPlan {
        var assembly = QueryAssembly(upstreamParameters: upstreamParameters)
        do throws(InvalidParameter) {
            for parameter in effective(FormDecoder.parameters(rawQuery)) { try assembly.take(parameter) }
        } catch {
            return .invalid(error)
        }
        guard let reason = assembly.reason else { return .local(assembly.query) }
        return .forward(
            ForwardedQuery(
                reason: reason, clauses: assembly.clauses.sorted { $0 < $1 },
                isWhole: assembly.isWhole, local: assembly.query))
    }

    /// The whole query in one spelling: absent parameters dropped, one of each name, sorted by name, every byte but
    /// letters, digits and `-._~` percent-encoded. Queries that mean the same to upstream have the same form.
    public static func canonical(_ rawQuery: Span<UInt8>) -> [UInt8] {
        let parameters = effective(FormDecoder.parameters(rawQuery))
        var result: [UInt8] = []
        for parameter in parameters.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            if !result.isEmpty { result.append(UInt8(ascii: "&")) }
            parameter.appendPair(to: &result)
        }
        return result
    }

    /// The last of each name, in the order of the query, without those that are empty.
    private static func effective(_ parameters: [QueryParameter]) -> [QueryParameter] {
        var last: [[UInt8]: Int] = [:]
        for (place, parameter) in parameters.enumerated() { last[parameter.name] = place }
        return parameters.enumerated().filter { place, parameter in
            last[parameter.name] == place && !parameter.value.isEmpty
        }.map(\.element)
    }
}
