import Foundation

extension ReferenceCatalog {
    /// What a query demands of a model, read once for all of them.
    struct Conditions {
        private let outputs: [String]
        private let inputs: [String]
        private let parameters: [String]
        private let text: [Unicode.Scalar]?
        private let tokenizer: String?
        private let authors: [String]
        private let context: Int?
        private let figures: [Figure]
        private let age: Figure?
        private let now: Int

        /// The bounds of one figure, of which one is there.
        private struct Figure {
            let of: KeyPath<ReferenceModel, PlainDecimal?>?
            let least: PlainDecimal?
            let most: PlainDecimal?

            init?(
                _ path: KeyPath<ReferenceModel, PlainDecimal?>?, _ name: String, _ values: [String: String],
                _ bound: (String) -> PlainDecimal?
            ) {
                of = path
                least = values["min_" + name].flatMap(bound)
                most = values["max_" + name].flatMap(bound)
                if least == nil && most == nil { return nil }
            }

            func takes(_ value: PlainDecimal?) -> Bool {
                guard let value else { return false }
                return (least.map { value >= $0 } ?? true) && (most.map { value <= $0 } ?? true)
            }
        }

        init(_ values: [String: String], now: Int) {
            self.now = now
            let outputs = ReferenceCatalog.list((values["output_modalities"] ?? "").lowercased())
            self.outputs = outputs.isEmpty ? ["text"] : outputs
            inputs = ReferenceCatalog.list((values["input_modalities"] ?? "").lowercased())
            parameters = ReferenceCatalog.list(values["supported_parameters"] ?? "")
            text = values["q"].map { Array($0.lowercased().unicodeScalars) }
            tokenizer = values["arch"]?.lowercased()
            authors = ReferenceCatalog.list((values["model_authors"] ?? "").lowercased())
            context = values["context"].flatMap { Int($0) }
            figures = [
                Figure(\.promptPerMillion, "price", values) { PlainDecimal($0) },
                Figure(\.completionPerMillion, "output_price", values) { PlainDecimal($0) },
                Figure(\.intelligence, "intelligence_index", values) { PlainDecimal($0) },
                Figure(\.coding, "coding_index", values) { PlainDecimal($0) },
                Figure(\.agentic, "agentic_index", values) { PlainDecimal($0) },
            ].compactMap(\.self)
            // Days become seconds; no precision is lost where the bounds are whole days.
            age = Figure(nil, "age_days", values) { Int($0).flatMap { PlainDecimal(String($0 * 86_400)) } }
        }

        func hold(for model: ReferenceModel) -> Bool {
            if !outputs.contains("all"), !outputs.contains(where: { model.outputs.contains($0) }) { return false }
            if !inputs.allSatisfy({ model.inputs.contains($0) }) { return false }
            if !parameters.allSatisfy({ model.parameters.contains($0) }) { return false }
            if let text, !model.texts.contains(where: { Self.found(text, in: $0) }) { return false }
            if let tokenizer {
                guard model.tokenizer.hasPrefix(tokenizer) else { return false }
                if !model.tokenizer.dropFirst(tokenizer.count).allSatisfy({ "0123456789".contains($0) }) {
                    return false
                }
            }
            if !authors.isEmpty, !authors.contains(model.author) { return false }
            if let context, model.context ?? 0 < context { return false }
            for figure in figures {
                guard let path = figure.of, figure.takes(model[keyPath: path]) else { return false }
            }
            return age.map { $0.takes(model.created.flatMap { PlainDecimal(String(now - $0)) }) } ?? true
        }

        private static func found(_ wanted: [Unicode.Scalar], in scalars: [Unicode.Scalar]) -> Bool {
            guard let first = wanted.first else { return true }
            guard scalars.count >= wanted.count else { return false }
            return (0...scalars.count - wanted.count).contains { start in
                scalars[start] == first && Array(scalars[start..<start + wanted.count]) == wanted
            }
        }
    }
}
