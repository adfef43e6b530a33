import TestSupport
import Testing

@testable import Commands

@Suite struct ModelsPageTests {
    private static let now = 1_795_000_000

    private func page(_ body: [UInt8], _ fields: [(name: String, value: String)] = []) throws -> ModelsPage {
        ModelsPage(list: try .make(body, fields), now: Self.now)
    }

    @Test func `a table has a row for each model, numbers at the right, and a footer`() throws {
        let page = try page(
            Array(
                #"""
                {"data":[{"id":"acme/anvil","created":1794900000,"context_length":128000,
                 "pricing":{"prompt":"0.0000025","completion":"0.00001"},
                 "architecture":{"input_modalities":["text","image"],"output_modalities":["text"]}},
                 {"id":"acme/auto","pricing":{"prompt":"-1","completion":null}}],"total_count":9}
                """#.utf8), [("age", "90"), ("cache-status", "larder; hit; ttl=210")])
        #expect(
            page.lines(.plain) == [
                "MODEL       CONTEXT  $/M IN  $/M OUT  MODALITIES       AGE",
                "acme/anvil   128000    2.50    10.00  text,image>text  27h",
                "acme/auto         -  varies        -  -                  -",
                "", "2 of 9 models | 1m old | hit; ttl=210",
            ])
    }

    @Test(arguments: [Int64.min, .min + 1, -1, 0, .max - 1, .max])
    func `a date that no model can have ends nothing`(created: Int64) throws {
        let lines = try page(Array(#"{"data":[{"id":"acme/anvil","created":\#(created)}]}"#.utf8)).lines(.plain)
        #expect(lines.contains { $0.contains("acme/anvil") })
    }

    @Test func `a list without models says so`() throws {
        #expect(try page(Array(#"{"data":[]}"#.utf8)).lines(.plain) == ["no models", "", "0 models"])
    }

    @Test func `every list at hand fits every terminal, with every column in 80 cells`() throws {
        for (name, body) in [("sample", SampleCatalogue.json)] + RealLists.all {
            let page = try page(body, [("age", "1"), ("cache-status", "larder; fwd=stale; collapsed")])
            for width in [1, 2, 7, 20, 39, 40, 60, 79, 80, 100, 132, 200] {
                let lines = page.lines(.make(width: width))
                #expect(lines.allSatisfy { DisplayText.width($0) <= width }, "\(name) in \(width) cells")
                #expect(lines.count == page.list.rows.count + 3)
            }
            guard name != "sample" else { continue }
            let titles = page.lines(.make(width: 80))[0]
            #expect(titles.contains(/MODES|MODALITIES/) && titles.hasSuffix("AGE"), "\(name): \(titles)")
        }
    }

    @Test func `where there is little room, modalities are letters`() throws {
        let lines = try page(SampleCatalogue.json).lines(.make(width: 100))
        #expect(lines[0].contains("MODES") == lines.contains { $0.contains("ti>t") })
        #expect(!lines.contains { $0.contains("text,image") } || !lines[0].contains("MODES"))
    }

    @Test func `a screen has no more lines than it shows, and the footer says what is missing`() throws {
        let lines = try page(SampleCatalogue.json).lines(.make(width: 200), height: 10)
        #expect(lines.count == 10)
        #expect(lines.last?.hasPrefix("\(SampleCatalogue.count) models (7 shown)") == true)
    }

    @Test func `changes have a column of marks and stand in the footer`() throws {
        var page = try page(Array(#"{"data":[{"id":"new/one"},{"id":"old/one"}]}"#.utf8))
        let before = try ModelsAnswer.make(#"{"data":[{"id":"old/one"},{"id":"gone/one"}]}"#)
        page.changes = ListChanges(from: before.rows, to: page.list.rows)
        let lines = page.lines(.plain)
        #expect(lines[1].hasPrefix("+  new/one") && lines[2].hasPrefix("   old/one"))
        #expect(lines.last == "2 models | 1 new, 1 gone (gone/one)")
    }

    @Test func `a name cannot write over the screen or out of its link`() throws {
        let body = Array(#"{"data":[{"id":"a/\u001b]8;;https://evil\u0007b \u001b[2J"}]}"#.utf8)
        let lines = try page(body).lines(.make(width: 200, isStyled: true))
        #expect(!lines.contains { $0.contains("\u{1B}[2J") || $0.contains("\u{7}") })
        #expect(lines[1].contains("https://openrouter.ai/a/%1B%5D8%3B%3Bhttps://evil%07b%20%1B%5B2J\u{1B}\\"))
    }
}
