import Bytes
import Catalog
import CatalogJSON
import JSONDocument
import TestSupport
import Testing

/// LiteLLM's price map of whole catalogues, beside what upstream wrote.
@Suite struct ExportedPricesTests {
    @Test func `the sample's prices are exported digit by digit`() throws {
        try Self.expectExactPrices(SampleCatalogue.json)
    }

    @Test(.enabled(if: RealLists.areAtHand, "real lists are at hand"), arguments: RealLists.all.map(\.name))
    func `the prices of real lists are exported digit by digit`(list: String) throws {
        try Self.expectExactPrices(try #require(RealLists.all.first { $0.name == list }?.body))
    }

    private static func expectExactPrices(_ list: [UInt8]) throws {
        let snapshot = try CatalogReader.read(list.span)
        let source = try #require(try JSONDocument(parsing: list.span).root["data"])
        var index = 0
        var prices = 0
        for row in source.elements {
            var body = ByteBuilder()
            body.append("{")
            LiteLLMModel.append(ModelRow(snapshot, index), to: &body)
            body.append("}")
            index += 1
            let document = try JSONDocument(parsing: body.span)
            let member = try #require(document.root.members.first { _ in true })
            #expect(member.name.string == "openrouter/" + (row["id"]?.string ?? ""))
            let entry = member.value
            let names: [(exported: StaticString, name: StaticString)] = [
                ("input_cost_per_token", "prompt"), ("output_cost_per_token", "completion"),
            ]
            for (exported, name) in names {
                let value = row["pricing"]?[name]
                let price = value?.string ?? value?.rawNumber
                let exported = entry[exported]?.rawNumber
                if let price, price.wholeMatch(of: /(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/) != nil {
                    #expect(exported == price)
                    prices += 1
                } else {
                    #expect(exported == nil)
                }
            }
            #expect(entry["mode"]?.string != nil && entry["litellm_provider"]?.string == "openrouter")
        }
        #expect(prices > 0 && index == snapshot.count)
    }
}
