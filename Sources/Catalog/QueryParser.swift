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
        let parameters = effective(FormDecoder.parameters(rawQuery))
        do throws(InvalidParameter) {
            for parameter in parameters { try assembly.take(parameter) }
        } catch {
            return .invalid(error)
        }
        guard let reason = assembly.reason else { return .local(assembly.query) }
        return .forward(
            ForwardedQuery(
                canonical: canonical(parameters), reason: reason, clauses: assembly.clauses.sorted { $0 < $1 },
                isWhole: assembly.isWhole, local: assembly.query))
    }

    /// The canonical form, as in `ForwardedQuery`, of any query whatsoever: for the lists that are cached as they are.
    public static func canonical(_ rawQuery: Span<UInt8>) -> [UInt8] {
        canonical(effective(FormDecoder.parameters(rawQuery)))
    }

    /// The last of each name, in the order of the query, without those that are empty.
    private static func effective(_ parameters: [QueryParameter]) -> [QueryParameter] {
        var last: [[UInt8]: Int] = [:]
        for (place, parameter) in parameters.enumerated() { last[parameter.name] = place }
        return parameters.enumerated().filter { place, parameter in
            last[parameter.name] == place && !parameter.value.isEmpty
        }.map(\.element)
    }

    private static func sorted(_ parameters: [QueryParameter]) -> [QueryParameter] {
        parameters.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    private static func canonical(_ parameters: [QueryParameter]) -> [UInt8] {
        var result: [UInt8] = []
        for parameter in sorted(parameters) {
            if !result.isEmpty { result.append(UInt8(ascii: "&")) }
            parameter.appendPair(to: &result)
        }
        return result
    }
}
