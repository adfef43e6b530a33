import Bytes
import HTTPClient
import JSONDocument
public import Settings

/// Shows when the prices and the context of a model changed, as `larder history` does.
public enum ModelHistoryListing {
    /// The history of a model as a table, or as it was received.
    public static func run(
        _ address: LarderAddress, model: String, asJSON: Bool, style: TerminalStyle
    ) throws(ClientFailure) -> [UInt8] {
        let response = try LarderClient.askSuccessfully(address, "/_larder/history/" + QueryText.path(model))
        if asJSON { return response.body.span.copied() + [10] }
        return Array((try table(response).lines(style).joined(separator: "\n") + "\n").utf8)
    }

    static func table(_ response: FetchedResponse) throws(ClientFailure) -> TextTable {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: response.body.span)
        } catch {
            throw ClientFailure("the answer is not JSON: \(error)")
        }
        guard let data = document.root["data"], data.kind == .array else {
            throw ClientFailure("the answer is not the history of a model")
        }
        var table = TextTable(columns: [
            TextTable.Column(title: "SINCE", least: 20), TextTable.Column(title: "$/M IN", isRight: true),
            TextTable.Column(title: "$/M OUT", isRight: true), TextTable.Column(title: "CONTEXT", isRight: true),
        ])
        table.rows = data.elements.map { point in
            let at = DisplayText.printable(point["at"]?.string ?? "")
            if point["removed"] != nil {
                return [at, "removed", "", ""].map { TextTable.Cell($0) }
            }
            let pricing = point["pricing"]
            return [
                at, PriceText.shown(PriceText.read(text(pricing?["prompt"]))),
                PriceText.shown(PriceText.read(text(pricing?["completion"]))),
                point["context_length"]?.rawNumber ?? "-",
            ].map { TextTable.Cell($0) }
        }
        return table
    }

    private static func text(_ value: JSONValue?) -> String? { value?.string ?? value?.rawNumber }
}
