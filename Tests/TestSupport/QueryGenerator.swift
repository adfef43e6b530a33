import Foundation

/// Makes up queries that can be answered without upstream. Their values are drawn from the models, so that bounds are met
/// exactly, texts are found, and results are seldom empty.
public struct QueryGenerator {
    private let models: [ReferenceModel]
    private let now: Int
    private var random: SeededGenerator
    /// Most values of one query are drawn from one model, so that it is found.
    private var target: ReferenceModel?

    /// Queries over the models of a catalogue at a time; the same seed gives the same queries.
    public init(_ catalogue: ReferenceCatalog, now: Int, seed: UInt64) {
        models = catalogue.models
        self.now = now
        random = SeededGenerator(seed: seed)
    }

    private static let names = [
        "output_modalities", "input_modalities", "supported_parameters", "q", "context", "min_price", "max_price",
        "min_output_price", "max_output_price", "min_age_days", "max_age_days", "min_intelligence_index",
        "max_intelligence_index", "min_coding_index", "max_coding_index", "min_agentic_index", "max_agentic_index",
        "arch", "model_authors",
    ]
    private static let sorts = [
        "newest", "context-high-to-low", "pricing-low-to-high", "pricing-high-to-low", "intelligence-high-to-low",
        "coding-high-to-low", "agentic-high-to-low", "design-arena-elo-high-to-low",
    ]

    /// The next query, without the question mark.
    public mutating func next() -> String {
        var pairs: [String] = []
        target = pick(models)
        for _ in 0..<Int.random(in: 0...3, using: &random) { pairs.append(pair(pick(Self.names) ?? "q")) }
        // Most models make text only: without this, half of the catalogue would never be seen.
        if chance(3) { pairs.append("output_modalities=all") }
        if chance(2) { pairs.append("sort=" + (pick(Self.sorts) ?? "")) }
        if chance(3) { pairs.append("limit=\(Int.random(in: 1...(chance(2) ? 9 : 1000), using: &random))") }
        if chance(3) {
            pairs.append("offset=\(Int.random(in: 0...(chance(2) ? 9 : models.count + 5), using: &random))")
        }
        if chance(9) { pairs.append(pick(Self.names + ["sort", "limit", "offset"]).map { $0 + "=" } ?? "") }
        if chance(9) { pairs.append("") }
        return pairs.shuffled(using: &random).joined(separator: "&")
    }

    private mutating func pair(_ name: String) -> String {
        // A name may be encoded as well as a value.
        (chance(20) ? encoded(name, all: true) : name) + "=" + encoded(value(name), all: chance(9))
    }

    private mutating func value(_ name: String) -> String {
        guard let model = chance(4) ? pick(models) : target else { return "" }
        switch name {
        case "output_modalities":
            return list(model.outputs.filter { $0 != "smell" } + ["image", "speech", "Text"], upTo: 3)
        case "input_modalities": return list(model.inputs + [pick(["text", "Image", "FILE"]) ?? ""], upTo: 2)
        case "supported_parameters": return list(model.parameters + ["tools"], upTo: 3)
        case "model_authors": return list(models.map(\.author) + ["nobody"], upTo: 3)
        case "q": return text(of: model)
        case "arch": return chance(9) ? "gp" : anyCase(letters(of: model.tokenizer))
        case "context": return String(max(1, (model.context ?? 0) + Int.random(in: -1...1, using: &random)))
        case "min_age_days", "max_age_days":
            let days = max(0, now - (model.created ?? 0)) / 86_400
            return String(max(0, days + Int.random(in: -1...1, using: &random)))
        case "min_price", "max_price": return number(figure(\.prompt, model)?.movingPoint(by: 6))
        case "min_output_price", "max_output_price": return number(figure(\.completion, model)?.movingPoint(by: 6))
        case "min_intelligence_index", "max_intelligence_index": return number(figure(\.intelligence, model))
        case "min_coding_index", "max_coding_index": return number(figure(\.coding, model))
        default: return number(figure(\.agentic, model))
        }
    }

    /// The figure of the model, or if it has none that of another.
    private mutating func figure(
        _ figure: KeyPath<ReferenceModel, PlainDecimal?>, _ model: ReferenceModel
    ) -> PlainDecimal? {
        model[keyPath: figure] ?? pick(models.compactMap { $0[keyPath: figure] })
    }

    /// The figure itself, or a little more, spelled in one of several ways.
    private mutating func number(_ figure: PlainDecimal?) -> String {
        guard let figure, !figure.isBelowZero else { return pick(["0", "1", "0.5", "50"]) ?? "0" }
        let spelled = figure.description
        let dotted = spelled.contains(".") ? spelled : spelled + ".0"
        switch Int.random(in: 0...5, using: &random) {
        case 0: return dotted + "000000000000000000000000000001"
        case 1: return dotted + "00"
        case 2: return figure.movingPoint(by: 3).description + "e-3"
        case 3: return figure.movingPoint(by: -2).description + "E+2"
        default: return spelled
        }
    }

    private mutating func text(of model: ReferenceModel) -> String {
        let scalars = Array((pick([model.name, model.id, model.slug]) ?? "").unicodeScalars)
        guard !scalars.isEmpty else { return "a" }
        let start = Int.random(in: 0..<scalars.count, using: &random)
        let count = Int.random(in: 1...min(6, scalars.count - start), using: &random)
        var part = String.UnicodeScalarView()
        part.append(contentsOf: scalars[start..<start + count])
        return anyCase(String(part))
    }

    private func letters(of tokenizer: String) -> String {
        String(tokenizer.reversed().drop { $0.isNumber }.reversed())
    }

    private mutating func list(_ choices: [String], upTo size: Int) -> String {
        let entries = choices.shuffled(using: &random).prefix(Int.random(in: 1...size, using: &random))
        return entries.joined(separator: chance(5) ? " , " : ",") + (chance(9) ? ",," : "")
    }

    private mutating func anyCase(_ text: String) -> String {
        switch Int.random(in: 0...3, using: &random) {
        case 0: text.uppercased()
        case 1: text.lowercased()
        default: text
        }
    }

    private mutating func encoded(_ text: String, all: Bool) -> String {
        let space = chance(2) ? "+" : "%20"
        return text.utf8.map { byte in
            if byte == UInt8(ascii: " ") { return space }
            let isPlain = CharacterSet.alphanumerics.contains(Unicode.Scalar(byte)) || "-._~,".utf8.contains(byte)
            return !all && byte < 0x80 && isPlain
                ? String(Unicode.Scalar(byte)) : String(format: all ? "%%%02x" : "%%%02X", Int(byte))
        }.joined()
    }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    private mutating func pick<Element>(_ choices: [Element]) -> Element? { choices.randomElement(using: &random) }
}
