public import Bytes

/// Writes the bodies of answers: rows are copied once, into an allocation of just the right size.
public enum Composer {
    /// A list of models with its total and the link to the next page.
    ///
    /// `rawQuery` is the query as it was sent, without the question mark; `resource` is `models` or `models/user`.
    public static func list(
        _ snapshot: Snapshot, _ selection: Selection, rawQuery: Span<UInt8>, resource: StaticString = "models"
    ) -> SharedBytes {
        let size = selection.rows.reduce(0) { $0 + snapshot.byteCount(ofRow: Int($1)) }
        return list(size, selection, rawQuery: rawQuery, resource: resource) { body in
            appendRows(selection.rows, of: snapshot, to: &body)
        }
    }

    /// The same of a list whose rows stand in several snapshots.
    public static func list(
        _ rows: RowList, _ selection: Selection, rawQuery: Span<UInt8>, resource: StaticString = "models"
    ) -> SharedBytes {
        list(selection.rows.map(rows.place), of: rows.bases, selection, rawQuery: rawQuery, resource: resource)
    }

    /// The same of a list in either form.
    public static func list(
        _ list: ModelList, _ selection: Selection, rawQuery: Span<UInt8>, resource: StaticString = "models"
    ) -> SharedBytes {
        switch list {
        case .snapshot(let snapshot): Self.list(snapshot, selection, rawQuery: rawQuery, resource: resource)
        case .rows(let rows): Self.list(rows, selection, rawQuery: rawQuery, resource: resource)
        }
    }

    /// The same for a query with facets.
    public static func list(
        _ joined: JoinedSelection, rawQuery: Span<UInt8>, resource: StaticString = "models"
    ) -> SharedBytes {
        list(
            joined.selection.rows.map { joined.places[Int($0)] }, of: joined.sources, joined.selection,
            rawQuery: rawQuery, resource: resource)
    }

    private static func list(
        _ places: [RowPlace], of sources: [Snapshot], _ selection: Selection, rawQuery: Span<UInt8>,
        resource: StaticString
    ) -> SharedBytes {
        let size = places.reduce(0) { $0 + sources[Int($1.source)].byteCount(ofRow: Int($1.row)) }
        return list(size, selection, rawQuery: rawQuery, resource: resource) { body in
            appendRows(places, of: sources, to: &body)
        }
    }

    /// `size` is the number of bytes of the rows, each with its comma; `rows` appends them without the last one.
    private static func list(
        _ size: Int, _ selection: Selection, rawQuery: Span<UInt8>, resource: StaticString,
        rows: (inout ByteBuilder) -> Void
    ) -> SharedBytes {
        var tail = ByteBuilder(capacity: 96 + rawQuery.count)
        tail.append("],\"total_count\":")
        tail.append(decimal: selection.totalCount)
        tail.append(",\"links\":{\"next\":")
        if let offset = selection.nextOffset {
            NextLink.append(to: &tail, resource: resource, rawQuery: rawQuery, offset: offset)
        } else {
            tail.append("null")
        }
        tail.append("}}")

        let head: StaticString = "{\"data\":["
        let comma = selection.rows.isEmpty ? 0 : 1
        var body = ByteBuilder(capacity: head.utf8CodeUnitCount + size - comma + tail.count)
        body.append(head)
        rows(&body)
        body.append(tail.span)
        return body.finish()
    }

    /// Runs of neighbours go in one piece, with the commas between them; only the very last comma is left out.
    private static func appendRows(_ rows: [Int32], of snapshot: Snapshot, to body: inout ByteBuilder) {
        var place = 0
        while place < rows.count {
            let first = Int(rows[place])
            var next = first + 1
            place += 1
            while place < rows.count, Int(rows[place]) == next {
                next += 1
                place += 1
            }
            append(first..<next, of: snapshot, isLast: place == rows.count, to: &body)
        }
    }

    private static func appendRows(_ places: [RowPlace], of sources: [Snapshot], to body: inout ByteBuilder) {
        var place = 0
        while place < places.count {
            let first = places[place]
            var next = first.row + 1
            place += 1
            while place < places.count, places[place] == RowPlace(source: first.source, row: next) {
                next += 1
                place += 1
            }
            append(
                Int(first.row)..<Int(next), of: sources[Int(first.source)], isLast: place == places.count, to: &body)
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
    public static func model(_ row: Span<UInt8>) -> SharedBytes {
        var body = ByteBuilder(capacity: row.count + 9)
        body.append("{\"data\":")
        body.append(row)
        body.append("}")
        return body.finish()
    }

    /// One model of a snapshot.
    public static func model(_ snapshot: Snapshot, _ index: Int) -> SharedBytes { model(snapshot.row(index).span) }

    /// One model in a form that clients of OpenAI's interface understand as well: beside `data`, the members of their
    /// model object. `created` is 0 when it is unknown, because those clients insist on a number.
    public static func openAIModel(_ row: Span<UInt8>, _ fields: ModelFields) -> SharedBytes {
        let id = Array(fields.id.utf8)
        let author = Array(fields.author.utf8)
        return openAIModel(row, id: id.span, created: fields.created, author: author.span)
    }

    /// The same, of a model of a snapshot.
    public static func openAIModel(_ snapshot: Snapshot, _ index: Int) -> SharedBytes {
        openAIModel(
            snapshot.row(index).span, id: snapshot.id(index).span, created: snapshot.created(index),
            author: snapshot.author(index).span)
    }

    private static func openAIModel(
        _ row: Span<UInt8>, id: Span<UInt8>, created: Int64?, author: Span<UInt8>
    ) -> SharedBytes {
        var tail = ByteBuilder(capacity: 2 * id.count + 96)
        tail.append(",\"id\":\"")
        tail.append(jsonEscaped: id)
        tail.append("\",\"object\":\"model\",\"created\":")
        tail.append(decimal: Int(created ?? 0))
        tail.append(",\"owned_by\":\"")
        tail.append(jsonEscaped: author)
        tail.append("\"}")

        var body = ByteBuilder(capacity: row.count + tail.count + 8)
        body.append("{\"data\":")
        body.append(row)
        body.append(tail.span)
        return body.finish()
    }
}
