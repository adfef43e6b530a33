public import Bytes
public import Catalog
package import JSONDocument
public import Threads

/// Reads upstream's bodies: what must be there is checked, the rest is taken as it comes, so that fields of a later day
/// break nothing.
public enum CatalogReader {
    /// Reads a list of models. Throws if it is unusable as a whole: not JSON, no array `data`, an element that is no object
    /// or has no id, or no element at all; or if it is one page of a list.
    public static func read(_ body: Span<UInt8>) throws(CatalogError) -> Snapshot {
        let elements = try wholeList(body)
        // The rows come out compact, so they need no more room than they took, and a comma each.
        var builder = SnapshotBuilder(capacity: body.count + elements.count)
        var row = ByteBuilder(capacity: 4096)
        var number = 0
        for element in elements.elements {
            let fields = try modelFields(element, called: { "data[\(number)]" })
            row.removeAll()
            element.write(into: &row)
            builder.append(fields, row: row.span)
            number += 1
            Throttle.pauseIfNeeded()
        }
        guard number > 0 else { throw .empty }
        return builder.finish(pausing: Throttle.pauseIfNeeded)
    }

    /// Reads `{"data":Model}`.
    public static func readModel(_ body: Span<UInt8>) throws(CatalogError) -> SingleModel {
        let model = try data(body)
        let fields = try modelFields(model, called: { "data" })
        var row = ByteBuilder(capacity: body.count)
        model.write(into: &row)
        return SingleModel(fields: fields, row: SharedBytes(copying: row.span))
    }

    /// Reads `{"data":{"count":N}}`.
    public static func readCount(_ body: Span<UInt8>) throws(CatalogError) -> Int64 {
        guard let spelling = try data(body)["count"]?.rawNumber, let number = Int64(spelling), number >= 0 else {
            throw .unexpected("data.count is not a number of models")
        }
        return number
    }

    /// Checks that a body is `{"data":[...]}`, the array being of whatever length and contents.
    public static func checkList(_ body: Span<UInt8>) throws(CatalogError) { _ = try list(body) }

    /// The whole body of a list, and its array `data`.
    package static func list(_ body: Span<UInt8>) throws(CatalogError) -> (root: JSONValue, data: JSONValue) {
        let root = try root(body)
        let data = try data(of: root)
        guard data.kind == .array else { throw .unexpected("data is not an array") }
        return (root, data)
    }

    private static func data(_ body: Span<UInt8>) throws(CatalogError) -> JSONValue { try data(of: root(body)) }

    private static func data(of root: JSONValue) throws(CatalogError) -> JSONValue {
        guard root.kind == .object else { throw .unexpected("the body is not an object") }
        guard let data = root["data"] else { throw .unexpected("data is missing") }
        return data
    }

    package static func root(_ body: Span<UInt8>) throws(CatalogError) -> JSONValue {
        do throws(JSONError) {
            return try JSONDocument(parsing: body).root
        } catch {
            throw .notJSON(error.description)
        }
    }

    private static func modelFields(
        _ value: JSONValue, called name: () -> String
    ) throws(CatalogError) -> ModelFields {
        ModelFields(id: try modelID(value, called: name), of: value)
    }

    package static func modelID(_ value: JSONValue, called name: () -> String) throws(CatalogError) -> String {
        guard value.kind == .object else { throw .unexpected("\(name()) is not an object") }
        guard let id = value["id"]?.string, !id.isEmpty else { throw .unexpected("\(name()).id is not valid") }
        return id
    }
}

/// A model that was fetched by itself.
public struct SingleModel: Sendable {
    /// Its fields.
    public let fields: ModelFields

    /// The JSON object that stands for it in answers.
    public let row: SharedBytes
}

extension CatalogReader {
    /// Reads the list of models that upstream answered with for one facet, beside the list that they are of; nil to keep
    /// every row whole. Rows that are kept whole are looked for in the pool. No model at all is an answer as good as any.
    public static func readFacet(
        _ body: Span<UInt8>, beside list: ModelList?, in pool: Mutex<RowPool> = Mutex(RowPool())
    ) throws(CatalogError) -> FacetRows {
        let elements = try wholeList(body)
        var builder = FacetRowsBuilder(beside: list)
        var row = ByteBuilder(capacity: 4096)
        var number = 0
        for element in elements.elements {
            let id = try modelID(element, called: { "data[\(number)]" })
            if !builder.append(id: Array(id.utf8).span) {
                row.removeAll()
                element.write(into: &row)
                builder.append(ModelFields(id: id, of: element), row: row.span)
            }
            number += 1
            Throttle.pauseIfNeeded()
        }
        return pool.withLock { builder.finish(in: &$0) }
    }

    /// Reads a key's own list, whose rows are looked for in the pool. A key whose settings allow no model at all has an empty
    /// list, which is as good as any.
    public static func readList(
        _ body: Span<UInt8>, in pool: Mutex<RowPool>
    ) throws(CatalogError) -> RowList {
        let elements = try wholeList(body)
        // The rows come out compact, so they need no more room than they took.
        var rows = RowBytes(capacity: body.count)
        var row = ByteBuilder(capacity: 4096)
        var models: [(id: String, value: JSONValue)] = []
        models.reserveCapacity(elements.count)
        for element in elements.elements {
            models.append((try modelID(element, called: { "data[\(models.count)]" }), element))
            row.removeAll()
            element.write(into: &row)
            rows.append(row.span)
            Throttle.pauseIfNeeded()
        }
        // Fields are read only of the few rows that are new.
        return pool.withLock { $0.list(rows) { ModelFields(id: models[$0].id, of: models[$0].value) } }
    }

    /// Checks that a body is JSON, an object or an array.
    public static func checkJSON(_ body: Span<UInt8>) throws(CatalogError) {
        let kind = try root(body).kind
        guard kind == .object || kind == .array else { throw .unexpected("the body is neither an object nor an array") }
    }
}

/// One page of a list, as upstream sent it.
package struct ListPage {
    /// The models: the id of each as it stands in the page, and its JSON object in compact form.
    package var rows: [(id: [UInt8], row: [UInt8])] = []
    /// Where the next page is; nil if the page names none.
    package var next: String?
    /// How many models all pages together have, if the page says so.
    package var total: Int?
}

extension CatalogReader {
    /// The array `data` of a body that is a whole list. Throws `.page` if the body says that there is more of it.
    package static func wholeList(_ body: Span<UInt8>) throws(CatalogError) -> JSONValue {
        let list = try list(body)
        if try nextPage(of: list.root) != nil || (total(of: list.root) ?? 0) > list.data.count { throw .page }
        return list.data
    }

    /// Reads one page of a list of models.
    package static func readPage(_ body: Span<UInt8>) throws(CatalogError) -> ListPage {
        let list = try list(body)
        var page = ListPage(next: try nextPage(of: list.root), total: total(of: list.root))
        var row = ByteBuilder(capacity: 4096)
        for element in list.data.elements {
            _ = try modelID(element, called: { "data[\(page.rows.count)]" })
            row.removeAll()
            element.write(into: &row)
            page.rows.append((rawID(of: element), row.span.copied()))
            Throttle.pauseIfNeeded()
        }
        return page
    }

    /// The id as it stands in the page: two that differ in a lone surrogate only are two.
    private static func rawID(of model: JSONValue) -> [UInt8] {
        guard let id = model["id"] else { return [] }
        let text = id.text
        return text.copied()
    }

    /// The link to the next page; nil if it is absent, null or empty.
    private static func nextPage(of root: JSONValue) throws(CatalogError) -> String? {
        guard let next = root["links"]?["next"], !next.isNull else { return nil }
        guard let link = next.string else { throw .unexpected("links.next is neither a link nor null") }
        return link.isEmpty ? nil : link
    }

    private static func total(of root: JSONValue) -> Int? {
        root["total_count"]?.wholeNumber.map { Int(clamping: $0) }
    }
}

/// Why a body from upstream is not what was asked for.
public enum CatalogError: Error, Equatable, CustomStringConvertible {
    /// It is not JSON; the parser's message, which names the place.
    case notJSON(String)
    /// It is JSON of another shape; what is missing or wrong, such as `data is not an array`.
    case unexpected(String)
    /// It is a catalogue without a single model.
    case empty
    /// It is one page of a list that has more.
    case page

    /// One line for the log.
    public var description: String {
        switch self {
        case .notJSON(let message): "not JSON: \(message)"
        case .unexpected(let message): message
        case .empty: "no models"
        case .page: "it is one page of a longer list"
        }
    }
}

extension CatalogReader {
    /// Makes a catalogue of rows that a catalogue once had; they are kept byte for byte. Throws if one of them is no
    /// model. It takes milliseconds.
    public static func read(rows: [SharedBytes]) throws(CatalogError) -> Snapshot {
        var builder = SnapshotBuilder(capacity: rows.reduce(0) { $0 + $1.count + 1 })
        for (number, row) in rows.enumerated() {
            let value = try root(row.span)
            let id = try modelID(value, called: { "row \(number)" })
            builder.append(ModelFields(id: id, of: value), row: row.span)
            Throttle.pauseIfNeeded()
        }
        return builder.finish(pausing: Throttle.pauseIfNeeded)
    }
}
