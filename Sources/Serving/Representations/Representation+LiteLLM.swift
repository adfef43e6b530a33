import Bytes
import Catalog

extension Representation {
    /// LiteLLM's price map of all models.
    static let liteLLM = Representation(
        writing: .rows { rows, _ in
            var body = ByteBuilder(capacity: rows.selection.rows.count * 512 + 16)
            body.append("{")
            rows.append(to: &body) { model, body in LiteLLMModel.append(model, to: &body) }
            body.append("}")
            return SharedBytes(copying: body.span)
        }, contentType: "application/json", variant: 0x6C_6974_656C_6C6D, standardOutputs: nil, isOwn: true)
}
