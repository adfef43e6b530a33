import Bytes
import Catalog

// The form of OpenAI's API, for clients that take nothing else.
extension Representation {
    /// A list of OpenAI's model objects: each is upstream's row with the members that it lacks.
    static let openAIList = Representation(
        writing: .rows { rows, page in
            var body = ByteBuilder(capacity: rows.byteCount + rows.selection.rows.count * 96 + 32)
            body.append("{\"object\":\"list\",\"data\":[")
            rows.append(to: &body) { model, body in
                OpenAIObject.append(page.fields.map(model.showing) ?? model, to: &body)
            }
            body.append("]}")
            return SharedBytes(copying: body.span)
        }, variant: 0x6F70_656E_6169)

    /// One such object.
    static let openAIObject = Representation(
        writing: .model { model in
            var body = ByteBuilder(capacity: model.json.count + 128)
            OpenAIObject.append(model, to: &body)
            return SharedBytes(copying: body.span)
        }, variant: 2)
}
