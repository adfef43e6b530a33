import JSONDocument
import TestSupport
import Testing

@testable import Commands

@Suite struct RowSlicesTests {
    private func rows(_ body: [UInt8]) -> [String] {
        RowSlices(body.span).ranges.map { String(decoding: body[$0], as: UTF8.self) }
    }

    private func rows(_ body: String) -> [String] { rows(Array(body.utf8)) }

    @Test func `rows are cut out byte for byte`() {
        #expect(
            rows(
                #" { "x" : [1,{"data":[9]}], "data" : [ {"a" :1e0, "b":"\u00e9\/" } , {"c":"],}\\\"["} ,7 ] , "n":null} "#
            )
                == [#"{"a" :1e0, "b":"\u00e9\/" }"#, #"{"c":"],}\\\"["}"#, "7"])
    }

    @Test(arguments: [
        "{}", #"{"data":[]}"#, #"{"data":[ ]}"#, #"{"data":{}}"#, #"{"data":"[1]"}"#, "[1,2]", "7", #"{"dat":[1]}"#,
        #"{"data":null}"#,
    ])
    func `where there are no rows there are none`(body: String) {
        #expect(rows(body).isEmpty)
    }

    @Test func `of two lists the last one counts`() {
        #expect(rows(#"{"data":[1,2],"data":[3]}"#) == ["3"])
    }

    @Test func `bytes that are no JSON end the search and nothing else`() {
        for body in ["", "{", "{\"", "{\"data\"", "{\"data\":", "{\"data\":[", "{\"data\":[{\"", "{\"data\":[1,", "}]"]
        {
            _ = rows(body)
        }
    }

    @Test func `the rows of every list at hand are those of the parser`() throws {
        for body in [SampleCatalogue.json] + RealLists.all.map(\.body) {
            let data = try #require(try JSONDocument(parsing: body.span).root["data"])
            let rows = RowSlices(body.span).ranges
            #expect(rows.count == data.count)
            for (range, row) in zip(rows, data.elements) {
                let bytes = Array(body[range])
                let id = try JSONDocument(parsing: bytes.span).root["id"]?.string
                #expect(id == row["id"]?.string)
            }
        }
    }
}
