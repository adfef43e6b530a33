import Bytes
import JSONDocument
import Upstream

/// An answer with models in it.
struct ModelsAnswer {
    /// The models, in the answer's order.
    let rows: [ModelRow]

    /// How many there are without `offset` and `limit`, if the answer says so.
    let total: Int?

    /// How old the answer is, in seconds, if it says so.
    let age: Int?

    /// How the answer came to be, such as `hit; ttl=243`, if it says so (RFC 9211).
    let origin: String?

    private let body: SharedBytes

    /// Reads a whole answer.
    init(_ response: FetchedResponse) throws(ClientFailure) {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: response.body.span)
        } catch {
            throw ClientFailure("the answer is not JSON: \(error)")
        }
        guard let data = document.root["data"], data.kind == .array else {
            throw ClientFailure("the answer is not a list of models")
        }
        rows = data.elements.map(ModelRow.init)
        total = document.root["total_count"]?.rawNumber.flatMap { Int($0) }
        age = response.field("age").flatMap { Int($0) }
        origin = response.field("cache-status").map { status in
            let own = status.hasPrefix("larder; ") ? String(status.dropFirst(8)) : status
            return DisplayText.printable(own)
        }
        body = response.body
    }

    /// A JSON array of the models, one on a line, each byte for byte as it came.
    var json: [UInt8] {
        let span = body.span
        let slices = RowSlices(span)
        var result = Array("[".utf8)
        for (place, range) in slices.ranges.enumerated() {
            result += Array((place == 0 ? "\n" : ",\n").utf8)
            result += span.extracting(range).copied()
        }
        result += Array((slices.ranges.isEmpty ? "]\n" : "\n]\n").utf8)
        return result
    }

    /// Comma-separated values with a line of titles (RFC 4180). Prices are dollars per million tokens; one that is not known
    /// is empty.
    var csv: String {
        let titles = [
            "id", "name", "created", "context_length", "prompt_per_million", "completion_per_million",
            "input_modalities", "output_modalities",
        ]
        let lines = rows.map { row in
            [
                row.id, row.name, row.created.map { "\($0)" } ?? "", row.context.map { "\($0)" } ?? "",
                PriceText.plain(row.prompt), PriceText.plain(row.completion),
                row.inputs.joined(separator: " "), row.outputs.joined(separator: " "),
            ]
        }
        return ([titles] + lines).map { $0.map(CSVText.field).joined(separator: ",") + "\r\n" }.joined()
    }
}

/// The fields of comma-separated values (RFC 4180 section 2).
enum CSVText {
    /// A field: in quotes if it has a comma, a quote or a line break in it, each quote doubled.
    static func field(_ text: String) -> String {
        let special = Set(",\"\r\n".utf8)
        guard text.utf8.contains(where: special.contains) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
