import Daemon
import TestSupport
import Testing

/// When a model ends, as OpenAI's clients are told: from upstream's `expiration_date`, wherever the model comes from.
@Suite(.timeLimit(.minutes(300))) struct ShutdownDateTests {
    /// Models of the catalogue, of a key's own list, of a facet alone, and one that upstream alone knows.
    private static func answer(_ request: OriginRequest) -> OriginReply {
        func row(_ id: String, _ day: Int?) -> String {
            let date = day.map { #""2098-12-\#($0)""# } ?? "null"
            return #"{"id":"\#(id)","expiration_date":\#(date),"architecture":{"output_modalities":["text"]}}"#
        }
        func list(_ rows: String..., fields: MessageFields = Replies.shared) -> OriginReply {
            Replies.body(Array(#"{"data":[\#(rows.joined(separator: ","))]}"#.utf8), fields)
        }
        switch request.path {
        case "/api/v1/models" where request.query.contains("category"):
            return list(row("a/hidden", 13), row("a/one", 11))
        case "/api/v1/models": return list(row("a/one", 11), row("a/lasting", nil))
        case "/api/v1/models/user":
            return list(row("a/one", 11), row("a/own", 12), fields: ["Cache-Control": "private"])
        case "/api/v1/model/a/single": return Replies.body(Array(#"{"data":\#(row("a/single", 14))}"#.utf8))
        default: return Replies.error(404)
        }
    }

    @Test(
        arguments: [
            ("/openai/v1/models", ["a/one": "11", "a/lasting": nil]),
            ("/openai/v1/models?larder_fields=id", ["a/one": "11", "a/lasting": nil]),
            ("/openai/v1/models?q=one", ["a/one": "11"]),
            ("/openai/v1/models/user", ["a/one": "11", "a/own": "12"]),
            ("/openai/v1/models?category=x", ["a/one": "11", "a/hidden": "13"]),
            ("/openai/v1/models/a/one", ["a/one": "11"]), ("/openai/v1/models/a/lasting", ["a/lasting": nil]),
            ("/openai/v1/models/a/single", ["a/single": "14"]),
            ("/models/a/one", ["a/one": "11"]), ("/models/a/lasting", ["a/lasting": nil]),
            ("/models/a/single", ["a/single": "14"]),
        ] as [(String, [String: String?])])
    func `a model's shutdown_date is upstream's expiration_date`(target: String, days: [String: String?]) throws {
        let origin = try ScriptedOrigin(Self.answer)
        try LiveLarder.serving(before: origin) { larder throws in
            // Once as it is fetched, once from what is kept.
            for _ in 0..<2 {
                let text = try larder.get(target, key: "anna").text
                for (id, day) in days {
                    let model = try #require(text.firstRange(of: #""id":"\#(id)""#), "\(target): \(text)")
                    // The first after the id: of `/models/{author}/{slug}`, whose row is in `data`, the only one.
                    let rest = text[model.upperBound...]
                    let name = try #require(rest.firstRange(of: #""shutdown_date":"#), "\(target): \(text)")
                    let value = rest[name.upperBound...].prefix { $0 != "}" }
                    #expect(value == (day.map { #""2098-12-\#($0)""# } ?? "null"), "\(target): \(text)")
                }
                let count = text.split(separator: #""shutdown_date":"#).count - 1
                #expect(count == days.count, "\(target): \(text)")
            }
        }
    }
}
