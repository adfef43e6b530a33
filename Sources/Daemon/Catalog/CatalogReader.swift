public import Bytes
public import Catalog
import JSONDocument
import Pacing

/// Reads upstream's bodies: what must be there is checked, the rest is taken as it comes, so that fields of a later day
/// break nothing.
public enum CatalogReader {
    /// Reads a list of models. Throws if it is unusable as a whole: not JSON, no array `data`, an element that is no object
    /// or has no id, or no element at all.
    public static func read(_ body: Span<UInt8>) throws(CatalogError) -> Snapshot {
        let elements = try dataArray(body)
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
            Pace.rest()
        }
        guard number > 0 else { throw .empty }
        return builder.finish(pausing: Pace.rest)
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
    public static func checkList(_ body: Span<UInt8>) throws(CatalogError) { _ = try dataArray(body) }

    static func dataArray(_ body: Span<UInt8>) throws(CatalogError) -> JSONValue {
        let data = try data(body)
        guard data.kind == .array else { throw .unexpected("data is not an array") }
        return data
    }

    private static func data(_ body: Span<UInt8>) throws(CatalogError) -> JSONValue {
        let root = try root(body)
        guard root.kind == .object else { throw .unexpected("the body is not an object") }
        guard let data = root["data"] else { throw .unexpected("data is missing") }
        return data
    }

    static func root(_ body: Span<UInt8>) throws(CatalogError) -> JSONValue {
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

    static func modelID(_ value: JSONValue, called name: () -> String) throws(CatalogError) -> String {
        guard value.kind == .object else { throw .unexpected("\(name()) is not an object") }
        guard let id = value["id"]?.string, !id.isEmpty else { throw .unexpected("\(name()).id is not a name") }
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
