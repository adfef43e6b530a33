public import Bytes

/// OpenAI's model object: a row with the members that OpenAI's interface promises, appended where the row lacks them.
public enum OpenAIObject {
    /// Appends a model. `created` is 0 where it is unknown, because strict clients insist on a number.
    public static func append(_ model: ModelRow, to body: inout ByteBuilder) {
        let json = model.json
        let text = json.span
        let whole = 0..<json.count
        var isEmpty = true
        var has = (object: false, created: false, owner: false, shutdown: false)
        var members = JSONScanner.Members(text, in: whole)
        while let member = members.next(in: text) {
            isEmpty = false
            let name = text.extracting(member.name)
            if name.equals("object") { has.object = true }
            if name.equals("created") { has.created = true }
            if name.equals("owned_by") { has.owner = true }
            if name.equals("shutdown_date") { has.shutdown = true }
        }
        body.append(text.extracting(0..<json.count - 1))
        func begin(_ name: StaticString) {
            if !isEmpty { body.append(UInt8(ascii: ",")) }
            isEmpty = false
            body.append(name)
        }
        if !has.object { begin("\"object\":\"model\"") }
        if !has.created {
            begin("\"created\":")
            body.append(decimal: Int(model.created ?? 0))
        }
        if !has.owner {
            begin("\"owned_by\":\"")
            let author = model.author
            body.append(jsonEscaped: author.span)
            body.append("\"")
        }
        if !has.shutdown {
            begin("\"shutdown_date\":")
            if model.expirationDate.count == 0 {
                body.append("null")
            } else {
                body.append(model.expirationDate.span)
            }
        }
        body.append("}")
    }
}
