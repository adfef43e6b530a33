public import Bytes

/// Writes the bodies of answers: rows are copied once, into an allocation of just the right size.
public enum Composer {
    /// A list of models with its total and the link to the next page.
    ///
    /// `rawQuery` is the query as it was sent, without the question mark; `resource` is `models` or `models/user`.
    /// `fields` are the members of the models to show; nil for all. `prefix` is what the link begins with.
    public static func list(
        _ rows: SelectedRows, rawQuery: Span<UInt8>, resource: StaticString = "models", fields: FieldSelection? = nil,
        prefix: [UInt8] = []
    ) -> SharedBytes {
        let selection = rows.selection
        var tail = ByteBuilder(capacity: 96 + rawQuery.count + prefix.count)
        tail.append("],\"total_count\":")
        tail.append(decimal: selection.totalCount)
        tail.append(",\"links\":{\"next\":")
        if let offset = selection.nextOffset {
            NextLink.append(to: &tail, prefix: prefix, resource: resource, rawQuery: rawQuery, offset: offset)
        } else {
            tail.append("null")
        }
        tail.append("}}")

        let head: StaticString = "{\"data\":["
        if let fields {
            var body = ByteBuilder(capacity: selection.rows.count * 128 + tail.count)
            body.append(head)
            rows.append(to: &body) { model, body in
                let json = model.json
                fields.append(json.span, 0..<json.count, to: &body)
            }
            body.append(tail.span)
            return SharedBytes(copying: body.span)
        }
        let comma = selection.rows.isEmpty ? 0 : 1
        var body = ByteBuilder(capacity: head.utf8CodeUnitCount + rows.byteCount - comma + tail.count)
        body.append(head)
        appendRows(rows, to: &body)
        body.append(tail.span)
        return body.finish()
    }

    /// Appends the rows with commas between them, without the brackets of an array.
    static func appendRows(_ rows: SelectedRows, to body: inout ByteBuilder) {
        switch rows {
        case .snapshot(let snapshot, let selection): appendRows(selection.rows, of: snapshot, to: &body)
        case .list(let list, let selection):
            appendRows(selection.rows.map(list.rowIndex), of: list.bases, to: &body)
        case .joined(let joined):
            appendRows(joined.selection.rows.map { joined.rowIndices[Int($0)] }, of: joined.sources, to: &body)
        }
    }

    /// Copies runs of adjacent rows in one piece, with the commas between them; only the very last comma is left out.
    private static func appendRows(_ rows: [Int32], of snapshot: Snapshot, to body: inout ByteBuilder) {
        var index = 0
        while index < rows.count {
            let first = Int(rows[index])
            var next = first + 1
            index += 1
            while index < rows.count, Int(rows[index]) == next {
                next += 1
                index += 1
            }
            append(first..<next, of: snapshot, isLast: index == rows.count, to: &body)
        }
    }

    private static func appendRows(_ rowIndices: [RowIndex], of sources: [Snapshot], to body: inout ByteBuilder) {
        var index = 0
        while index < rowIndices.count {
            let first = rowIndices[index]
            var next = first.row + 1
            index += 1
            while index < rowIndices.count, rowIndices[index] == RowIndex(source: first.source, row: next) {
                next += 1
                index += 1
            }
            append(
                Int(first.row)..<Int(next), of: sources[Int(first.source)], isLast: index == rowIndices.count,
                to: &body)
        }
    }

    private static func append(_ run: Range<Int>, of snapshot: Snapshot, isLast: Bool, to body: inout ByteBuilder) {
        let owner = snapshot.rows
        let comma = isLast ? 1 : 0
        body.append(
            owner.span.extracting(snapshot.starts[run.lowerBound]..<snapshot.starts[run.upperBound] - comma))
    }

    /// The number of models that match.
    public static func count(_ selection: Selection) -> SharedBytes {
        var body = ByteBuilder(capacity: 40)
        body.append("{\"data\":{\"count\":")
        body.append(decimal: selection.totalCount)
        body.append("}}")
        return SharedBytes(copying: body.span)
    }

    /// One model.
    public static func model(_ model: ModelRow) -> SharedBytes {
        var body = ByteBuilder(capacity: model.json.count + 9)
        body.append("{\"data\":")
        body.append(model.json.span)
        body.append("}")
        return body.finish()
    }

    /// One model in a form that clients of OpenAI's interface understand as well: beside `data`, the members of their
    /// model object, and `shutdown_date`. `created` is 0 when it is unknown, because those clients insist on a number.
    public static func openAIModel(_ model: ModelRow) -> SharedBytes {
        var tail = ByteBuilder(capacity: 2 * model.id.count + model.expirationDate.count + 128)
        tail.append(",\"id\":\"")
        tail.append(jsonEscaped: model.id.span)
        tail.append("\",\"object\":\"model\",\"created\":")
        tail.append(decimal: Int(model.created ?? 0))
        tail.append(",\"owned_by\":\"")
        let author = model.author
        tail.append(jsonEscaped: author.span)
        tail.append("\",\"shutdown_date\":")
        if model.expirationDate.count == 0 { tail.append("null") } else { tail.append(model.expirationDate.span) }
        tail.append("}")

        var body = ByteBuilder(capacity: model.json.count + tail.count + 8)
        body.append("{\"data\":")
        body.append(model.json.span)
        body.append(tail.span)
        return body.finish()
    }
}
