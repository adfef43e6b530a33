import Bytes
import Catalog
import CatalogJSON
import TestSupport
import Testing

@Suite struct CatalogReaderTests {
    @Test(arguments: [
        ("{\"data\":[]}", CatalogError.empty),
        ("[]", .unexpected("the body is not an object")),
        ("null", .unexpected("the body is not an object")),
        ("{}", .unexpected("data is missing")),
        ("{\"data\":{}}", .unexpected("data is not an array")),
        ("{\"data\":null}", .unexpected("data is not an array")),
        ("{\"data\":[{\"id\":\"a\"},7]}", .unexpected("data[1] is not an object")),
        ("{\"data\":[{\"name\":\"a\"}]}", .unexpected("data[0].id is not valid")),
        ("{\"data\":[{\"id\":7}]}", .unexpected("data[0].id is not valid")),
        ("{\"data\":[{\"id\":\"\"}]}", .unexpected("data[0].id is not valid")),
        ("{\"error\":{\"code\":500}}", .unexpected("data is missing")),
    ])
    func unusableBodiesAreRefused(body: String, error: CatalogError) {
        #expect(throws: error) { try read(body) }
    }

    @Test(arguments: ["", "<html>", "{\"data\":[{\"id\":\"a\"}", "{\"data\":[{\"id\":\"a\"}]} trailing"])
    func whatIsNotJSONIsRefused(body: String) {
        #expect {
            try read(body)
        } throws: { error in
            guard case CatalogError.notJSON(let message)? = error as? CatalogError else { return false }
            return message.contains("at byte")
        }
    }

    @Test func fieldsOfOtherTypesHaveNoValue() throws {
        let snapshot = try CatalogReader.read(SampleCatalogue.json.span)
        #expect(snapshot.count == SampleCatalogue.count)
        for name in ["bare/minimum", "bare/nulls", "bare/types"] {
            let row = try #require(index(of: name, in: snapshot))
            #expect(snapshot.created(row) == nil)
        }
    }

    @Test(arguments: [
        ("acme/anvil-20260701", "acme/anvil"), ("acme/hammer-1", "acme/hammer"), ("acme/tongs-0", "acme/tongs:beta"),
        ("forge/bellows-9", "~forge/bellows-latest"), ("émile/eclair", "émile/Éclair-7b"),
    ])
    func modelsAreFoundByTheirOtherNames(name: String, id: String) throws {
        let snapshot = try CatalogReader.read(SampleCatalogue.json.span)
        let row = try #require(index(of: name, in: snapshot))
        #expect(snapshot.id(row).span.text() == id)
    }

    @Test(
        arguments: [
            ("1780000000", 1_780_000_000), ("9007199254740993.0", 9_007_199_254_740_993),
            ("9223372036854775807", .max), ("9223372036854775808", nil), ("1780000000.75", 1_780_000_000),
            ("1.78e9", 1_780_000_000), ("-0.5", -1),
            ("-1", -1),
            ("\"1780000000\"", nil), ("1e300", nil), ("null", nil), ("true", nil),
        ] as [(String, Int64?)])
    func datesMayBeSpelledInSeveralWays(created: String, expected: Int64?) throws {
        let model = try readModel("{\"data\":{\"id\":\"a\",\"created\":\(created)}}")
        #expect(model.fields.created == expected)
    }

    private static let million: Int128 = 1_000_000

    @Test(
        arguments: [
            ("0", 0), ("10", 10), ("1e6", 1_000_000), ("-1", 0), ("null", nil), ("\"10\"", nil),
            ("128000.0", 128_000), ("1.28E+5", 128_000), ("128000.9", 128_000), ("9007199254740992", 1 << 53),
            ("9007199254740993.0", 1 << 53 + 1), ("9223372036854775808", 1 << 63),
            ("1e30", million * million * million * million * million),
            ("-1e30", 0), ("1e-400", 0), ("1e300", 1 << 126 - 1), ("1e99999999999999999999", 1 << 126 - 1),
            ("-1e300", 0),
        ] as [(String, Int128?)])
    func anUnknownContextIsNotOneOfZero(context: String, expected: Int128?) throws {
        let model = try readModel("{\"data\":{\"id\":\"a\",\"context_length\":\(context)}}")
        #expect(model.fields.contextLength == expected)
    }

    @Test func fieldsAreReadFromWhereTheyStand() throws {
        let model = try readModel(
            #"""
            {"data": {"id": "a/b", "canonical_slug": "a/b-1", "alias_target": {"slug": "a/c"}, "name": "B", "created": 5,
            "context_length": 10, "pricing": {"prompt": "0.000001", "completion": 2e-6}, "architecture":
            {"input_modalities": ["text", 1], "output_modalities": ["image"], "tokenizer": "GPT"},
            "supported_parameters": ["tools"], "benchmarks": {"artificial_analysis": {"intelligence_index": 1,
            "coding_index": 2.5, "agentic_index": 3}, "design_arena": [{"elo": 4}, {"elo": 6}, {"elo": 5}, {}]}}}
            """#)
        var expected = ModelFields(id: "a/b")
        expected.canonicalSlug = "a/b-1"
        expected.aliasTarget = "a/c"
        expected.name = "B"
        expected.created = 5
        expected.contextLength = 10
        expected.prices.prompt = FixedDecimal(units: 1_000_000_000_000_000_000)
        expected.prices.completion = FixedDecimal(units: 2_000_000_000_000_000_000)
        expected.inputModalities = ["text"]
        expected.outputModalities = ["image"]
        expected.tokenizer = "GPT"
        expected.supportedParameters = ["tools"]
        let one: Int128 = 1_000_000_000_000_000_000_000_000
        expected.benchmarks.intelligence = FixedDecimal(units: one)
        expected.benchmarks.coding = FixedDecimal(units: one * 5 / 2)
        expected.benchmarks.agentic = FixedDecimal(units: one * 3)
        expected.designArenaElo = FixedDecimal(units: one * 6)
        #expect(model.fields == expected)
    }

    @Test(arguments: [
        (#"[{"utc_start":400,"utc_end":1030}]"#, [240, 630]), (#"[{"utc_start":400.0,"utc_end":1.03e3}]"#, [240, 630]),
        (#"[{"utc_start":2200,"utc_end":2400},{"utc_start":0,"utc_end":2200}]"#, [0, 1320]),
        (#"[{"utc_start":400}]"#, [240]), (#"[{"utc_end":0}]"#, [0]), (#"[{"utc_start":"400","utc_end":null}]"#, []),
        (#"[{"utc_start":2460,"utc_end":-400},{"utc_start":1.5,"utc_end":1e30}]"#, []),
        (#"[{"min_prompt_tokens":200000},7,null,{"utc_end":5}]"#, [5]), ("{}", []), ("null", []),
        (#"{"utc_start":400}"#, []),
        // Whole days, and those of which one end is left to midnight.
        (#"[{"utc_days":["sat","sun"],"prompt":"1"}]"#, [0]), (#"[{"utc_days":[6,7],"utc_start":null}]"#, [0]),
        (#"[{"utc_days":["sat"],"utc_start":1200}]"#, [0, 720]), (#"[{"utc_days":"sat","utc_end":1200}]"#, [0, 720]),
        (#"[{"utc_days":["sat"],"utc_start":400,"utc_end":1030}]"#, [240, 630]), (#"[{"utc_days":null}]"#, []),
        // The day of a window that crosses midnight begins or ends there.
        (#"[{"utc_days":["sat"],"utc_start":2200,"utc_end":400}]"#, [0, 240, 1320]),
        (#"[{"utc_days":["sat"],"utc_start":400,"utc_end":400}]"#, [0, 240]),
        (#"[{"utc_start":2200,"utc_end":400}]"#, [240, 1320]),
    ])
    func pricesOfCertainHoursHaveEdges(overrides: String, minutes: [Int]) throws {
        let row = #"{"id":"a","pricing":{"prompt":"1","overrides":\#(overrides)}}"#
        let model = try readModel("{\"data\":\(row)}")
        #expect(model.fields.priceEdges.minutes == minutes)
        #expect(
            model.fields.priceEdges.next(after: 0)
                == (minutes.first { $0 > 0 } ?? minutes.first.map { $0 + 1440 }).map { Int64($0) * 60 })
        let list = try read("{\"data\":[{\"id\":\"b\"},\(row)]}")
        #expect(list.priceEdges.minutes == minutes)
    }

    @Test func aSingleModelKeepsItsBytes() throws {
        let model = try readModel("{ \"data\": { \"id\": \"a\", \"x\": 1.0, \"x\": 1e0 }, \"more\": 1 }")
        #expect(model.row.span.text() == "{\"id\":\"a\",\"x\":1.0,\"x\":1e0}")
        #expect(throws: CatalogError.unexpected("data is not an object")) { try readModel("{\"data\":[]}") }
        #expect(throws: CatalogError.unexpected("data.id is not valid")) { try readModel("{\"data\":{}}") }
    }

    @Test(
        arguments: [
            ("{\"data\":{\"count\":466}}", 466), ("{\"data\":{\"count\":0}}", 0), ("{\"data\":{\"count\":-1}}", nil),
            ("{\"data\":{\"count\":1.5}}", nil), ("{\"data\":{\"count\":\"1\"}}", nil), ("{\"data\":466}", nil),
            ("{}", nil),
        ] as [(String, Int64?)])
    func countsAreWholeNumbers(body: String, count: Int64?) {
        let bytes = Array(body.utf8)
        #expect((try? CatalogReader.readCount(bytes.span)) == count)
    }

    @Test(arguments: [
        ("{\"data\":[]}", true), ("{\"data\":[1,\"x\"],\"total_count\":2}", true), ("{\"data\":{}}", false),
        ("[]", false),
        ("{\"data\":[}", false),
    ])
    func opaqueListsAreCheckedForTheirShapeOnly(body: String, isList: Bool) {
        let bytes = Array(body.utf8)
        #expect(((try? CatalogReader.checkList(bytes.span)) != nil) == isList)
    }

    private func read(_ body: String) throws(CatalogError) -> Snapshot {
        let bytes = Array(body.utf8)
        return try CatalogReader.read(bytes.span)
    }

    private func readModel(_ body: String) throws(CatalogError) -> SingleModel {
        let bytes = Array(body.utf8)
        return try CatalogReader.readModel(bytes.span)
    }

    private func index(of name: String, in snapshot: Snapshot) -> Int? {
        let bytes = Array(name.utf8)
        return snapshot.index(ofModel: bytes.span)
    }
}
