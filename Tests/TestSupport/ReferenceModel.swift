import Foundation

/// A model as the reference implementation sees it, straight from Foundation's JSON.
struct ReferenceModel: Sendable {
    let id: String
    let slug: String
    let name: String
    let created: Int?
    let context: Int?
    let prompt: PlainDecimal?
    let completion: PlainDecimal?
    let inputs: [String]
    let outputs: [String]
    let parameters: [String]
    let tokenizer: String
    let intelligence: PlainDecimal?
    let coding: PlainDecimal?
    let agentic: PlainDecimal?
    let elo: PlainDecimal?
    /// What a query asks of the above, made once.
    let letters: [Character]
    let texts: [[Unicode.Scalar]]
    let author: String
    let promptPerMillion: PlainDecimal?
    let completionPerMillion: PlainDecimal?
    let averagePrice: PlainDecimal?
    let createdValue: PlainDecimal?
    let contextValue: PlainDecimal?

    init(_ model: [String: Any]) {
        id = model["id"] as? String ?? ""
        slug = model["canonical_slug"] as? String ?? ""
        name = model["name"] as? String ?? ""
        created = Self.integer(model["created"])
        context = Self.integer(model["context_length"]).map { max(0, $0) }
        let pricing = model["pricing"] as? [String: Any] ?? [:]
        prompt = Self.price(pricing["prompt"])
        completion = Self.price(pricing["completion"])
        let architecture = model["architecture"] as? [String: Any] ?? [:]
        inputs = Self.strings(architecture["input_modalities"]).map { $0.lowercased() }
        outputs = Self.strings(architecture["output_modalities"]).map { $0.lowercased() }
        tokenizer = (architecture["tokenizer"] as? String ?? "").lowercased()
        parameters = Self.strings(model["supported_parameters"])
        let benchmarks = model["benchmarks"] as? [String: Any] ?? [:]
        let analysis = benchmarks["artificial_analysis"] as? [String: Any] ?? [:]
        intelligence = Self.number(analysis["intelligence_index"])
        coding = Self.number(analysis["coding_index"])
        agentic = Self.number(analysis["agentic_index"])
        let arena = benchmarks["design_arena"] as? [Any] ?? []
        elo = arena.compactMap { Self.number(($0 as? [String: Any])?["elo"]) }.max()
        letters = Array(id)
        texts = [name, id, slug].map { Array($0.lowercased().unicodeScalars) }
        author = Self.author(of: id)
        promptPerMillion = prompt?.movingPoint(by: 6)
        completionPerMillion = completion?.movingPoint(by: 6)
        if let prompt, let completion { averagePrice = prompt + completion } else { averagePrice = nil }
        createdValue = created.flatMap { PlainDecimal(String($0)) }
        contextValue = context.flatMap { PlainDecimal(String($0)) }
    }

    /// The part of the id before the slash, without the tilde.
    private static func author(of id: String) -> String {
        let author = id.components(separatedBy: "/")[0].lowercased()
        return author.hasPrefix("~") ? String(author.dropFirst()) : author
    }

    private static func strings(_ value: Any?) -> [String] { (value as? [Any] ?? []).compactMap { $0 as? String } }

    private static func number(_ value: Any?) -> PlainDecimal? {
        guard let value, !(value is String), let number = value as? NSNumber else { return nil }
        // The shortest spelling of a double is the one that the text had, up to 15 digits.
        return PlainDecimal(number.doubleValue.description)
    }

    private static func integer(_ value: Any?) -> Int? {
        guard let value, !(value is String), let number = value as? NSNumber else { return nil }
        return Int(number.doubleValue.rounded(.down))
    }

    private static func price(_ value: Any?) -> PlainDecimal? {
        guard let price = (value as? String).flatMap({ PlainDecimal($0) }) ?? number(value) else { return nil }
        return price.isBelowZero ? nil : price
    }
}
