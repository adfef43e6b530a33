import Bytes
import Testing

@testable import Catalog

@Suite struct ViewTests {
    @Test(
        arguments: [
            ("openai/*", "openai/gpt-4o", true), ("openai/*", "openai/", true), ("openai/*", "xopenai/gpt", false),
            ("*", "", true), ("*", "a/b", true), ("", "", true), ("", "a", false), ("*:free", "a/b:free", true),
            ("*:free", "a/b:free2", false), ("a/?", "a/b", true), ("a/?", "a/bc", false), ("a/?", "a/é", true),
            ("a/*?", "a/é", true), ("a/é", "a/é", true), ("**a**", "bab", true), ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false), ("OpenAI/*", "openai/gpt", false),
        ])
    func `a pattern matches whole ids, in their case`(pattern: String, id: String, matches: Bool) {
        #expect(GlobPattern(pattern).matches(id) == matches)
    }

    @Test(
        arguments: [
            ("", nil), ("supported_parameters=tools&max_price=3", nil), ("sort=newest", nil), ("max_price=", nil),
            ("output_modalities=all", nil), ("output_modalities=Image,TEXT", nil),
            ("maxprice=3", "maxprice is unknown: did you mean max_price?"),
            ("max_price=cheap", "max_price must be a number of 0 or more, not \"cheap\""),
            ("context=0", "context must be an integer of 1 or more, not \"0\""),
            ("limit=5", "limit cannot be part of a view: it belongs to a request"),
            ("offset=5", "offset cannot be part of a view: it belongs to a request"),
            ("larder_fields=id", "larder_fields cannot be part of a view: it belongs to a request"),
            ("category=programming", "category cannot be part of a view: only upstream can answer it"),
            ("zdr=true", "zdr cannot be part of a view: only upstream can answer it"),
            ("use_rss=true", "use_rss cannot be part of a view: upstream answers it with a body of its own"),
            ("sort=most-popular", "sort=most-popular cannot be part of a view: only upstream knows this order"),
            ("sort=newst", "sort has no value \"newst\": did you mean newest?"),
            ("input_modalities=text,imag", "input_modalities has no value \"imag\": did you mean image?"),
            (
                "input_modalities=smell-o-vision",
                "input_modalities has no value \"smell-o-vision\": the known ones are text, image, audio, file, video"
            ),
        ] as [(String, String?)])
    func `a view's query has what a catalogue can answer`(query: String, problem: String?) {
        do throws(InvalidParameter) {
            _ = try View("v", query: query)
            #expect(problem == nil)
        } catch {
            #expect(error.message == problem)
        }
    }

    @Test func `what a view makes is its own default, and the usual one where it does not say`() throws {
        #expect(try View("v").standardOutputs == .text)
        #expect(try View("v", query: "q=x&output_modalities=,").standardOutputs == .text)
        #expect(try View("v", query: "output_modalities=image").standardOutputs == nil)
        #expect(try View("v", query: "output_modalities=all").standardOutputs == nil)
    }

    @Test(
        arguments: [
            ("team", true), ("Team-2_b", true), ("", false), ("a b", false), ("a.b", false), ("a/b", false),
            ("é", false), (String(repeating: "x", count: 64), true), (String(repeating: "x", count: 65), false),
        ])
    func `a name has letters, digits, hyphens and underscores`(name: String, isName: Bool) {
        #expect(ViewText.isName(name) == isName)
    }

    @Test(
        arguments: [
            ("openai/*", nil), ("*", nil), ("~openai/*", nil), ("a/b:free", nil), ("????/x", nil),
            ("", "an empty text is not a pattern"), ("openai", "\"openai\" matches no id: did you mean \"openai/*\"?"),
            (
                "a/[bc]",
                "\"a/[bc]\" is not a pattern: only * (any text) and ? (one character) have a meaning of their own"
            ),
            ("a /b", "a pattern has no spaces, commas, quotes or characters beyond ASCII"),
        ] as [(String, String?)])
    func `a pattern that can match no id is refused`(pattern: String, problem: String?) {
        #expect(ViewText.problem(ofPattern: pattern) == problem)
    }

    @Test(
        arguments: [
            ("openai/gpt-5.4", nil), ("~a/b", nil), ("a/b:free", nil),
            ("openai/*", "\"openai/*\" is a pattern, not the id of a model"),
            ("gpt-5.4", "\"gpt-5.4\" is not an id such as openai/gpt-5.4"),
            ("a/", "\"a/\" is not an id such as openai/gpt-5.4"),
        ] as [(String, String?)])
    func `a pinned model is named by its id`(id: String, problem: String?) {
        #expect(ViewText.problem(ofID: id) == problem)
    }

    @Test func `a pin that the patterns exclude is found`() throws {
        #expect(try View("v", allow: ["a/*"], pins: ["a/b", "b/c"]).excludedPin == "b/c")
        #expect(try View("v", deny: ["a/*"], pins: ["a/b"]).excludedPin == "a/b")
        #expect(try View("v", pins: ["a/b"]).excludedPin == nil)
    }

    // MARK: Rows

    private static let models = [
        model("a/old", created: 0), model("a/new", created: 86_400 * 10), model("b/new", created: 86_400 * 10),
        model("b/unknown", created: nil),
    ]

    private static func model(_ id: String, created: Int64?) -> ModelFields {
        var model = ModelFields(id: id)
        model.created = created
        model.outputModalities = ["text"]
        return model
    }

    private static func snapshot() -> Snapshot {
        var builder = SnapshotBuilder()
        for model in models { builder.append(model, row: Array("{}".utf8).span) }
        return builder.finish()
    }

    private func shown(
        _ view: View, _ query: String, _ compiled: inout CompiledViews, _ snapshot: Snapshot, now: Int64 = 86_400 * 11
    ) -> String {
        let filter = compiled.filter(view, of: [snapshot], now: now)
        guard
            case .local(let query) = QueryParser.parse(
                Array(query.utf8).span, standardOutputs: view.standardOutputs)
        else { return "not local" }
        let selection = snapshot.select(query, in: filter, now: now)
        let ids = selection.rows.map { snapshot.id(Int($0)).span.text() }.joined(separator: " ")
        return "\(ids) of \(selection.totalCount)" + (selection.validUntil.map { " until \($0)" } ?? "")
    }

    @Test func `denied ids are left out even if they are allowed, and pins come first unless the query sorts`() throws {
        let snapshot = Self.snapshot()
        var compiled = CompiledViews()
        let view = try View("v", allow: ["a/*", "b/*"], deny: ["*/unknown"], pins: ["b/new", "a/new"])
        #expect(shown(view, "", &compiled, snapshot) == "b/new a/new a/old of 3")
        #expect(shown(view, "limit=1&offset=1", &compiled, snapshot) == "a/new of 3")
        #expect(shown(view, "sort=newest", &compiled, snapshot) == "a/new b/new a/old of 3")
        #expect(shown(view, "model_authors=a", &compiled, snapshot) == "a/new a/old of 2")
    }

    @Test func `a view's own order counts where the query has none, behind the pins`() throws {
        let snapshot = Self.snapshot()
        var compiled = CompiledViews()
        let view = try View("v", query: "sort=newest", pins: ["a/old"])
        #expect(shown(view, "", &compiled, snapshot) == "a/old a/new b/new b/unknown of 4")
        #expect(shown(view, "sort=context-high-to-low", &compiled, snapshot) == "a/old a/new b/new b/unknown of 4")
    }

    @Test func `a view by age is found out again once it can have changed`() throws {
        let snapshot = Self.snapshot()
        var compiled = CompiledViews()
        let view = try View("v", query: "max_age_days=5", allow: ["a/*"])
        // Denied models have no part in when it changes.
        #expect(shown(view, "", &compiled, snapshot) == "a/new of 1 until \(86_400 * 15 + 1)")
        #expect(shown(view, "max_age_days=3", &compiled, snapshot) == "a/new of 1 until \(86_400 * 13 + 1)")
        #expect(shown(view, "", &compiled, snapshot, now: 86_400 * 15 + 1) == " of 0")
        // For an answer about an earlier time, too.
        let first = " of 1 until \(86_400 * 15 + 1)"
        #expect(shown(view, "", &compiled, snapshot, now: 86_400 * 12) == "a/new" + first)
        #expect(shown(view, "", &compiled, snapshot, now: 86_400 * 5) == "a/old a/new of 2 until \(86_400 * 5 + 1)")
        #expect(shown(view, "", &compiled, snapshot, now: 86_400 * 12) == "a/new" + first)
        #expect(compiled.count == 1)
    }

    @Test func `what views leave is kept for a snapshot while it lives, within bounds`() throws {
        var compiled = CompiledViews()
        let view = try View("v", allow: ["a/*"])
        let snapshot = Self.snapshot()
        let first = compiled.filter(view, of: [snapshot, snapshot], now: 0).rows(of: snapshot)
        #expect(compiled.filter(view, of: [snapshot], now: 0).rows(of: snapshot) === first)
        #expect(compiled.count == 1 && first.count == 2)
        for number in 0..<2000 {
            let view = try View("v\(number % 100)")
            _ = compiled.filter(view, of: [Self.snapshot()], now: 0)
            #expect(compiled.count <= CompiledViews.mostPairs)
        }
        let held = (0..<CompiledViews.mostPairs + 9).map { _ in Self.snapshot() }
        for snapshot in held { _ = compiled.filter(view, of: [snapshot], now: 0) }
        #expect(compiled.count <= CompiledViews.mostPairs)
        compiled.removeAll()
        #expect(compiled.count == 0)
    }
}
