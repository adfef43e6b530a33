import Bytes
import Catalog
import Testing

/// The forms in which rows are shown besides upstream's own.
@Suite struct ShownFormsTests {
    private static func snapshot(_ rows: [(id: String, json: String)]) -> Snapshot {
        var builder = SnapshotBuilder()
        for row in rows { builder.append(.make(row.id, created: 7), row: Array(row.json.utf8).span) }
        return builder.finish()
    }

    private static func shown(_ json: String, _ fields: String) -> String? {
        let snapshot = snapshot([("a/b", json), ("a/c", "{}")])
        guard case .local(let query) = plan("larder_fields=" + fields) else { return nil }
        let rows = SelectedRows.snapshot(snapshot, snapshot.select(query, now: 0))
        return text(Composer.list(rows, rawQuery: Span(), fields: query.fields))
    }

    @Test(
        arguments: [
            ("id", #"{"id":"a/b"}"#), ("created,id", #"{"id":"a/b","created":7}"#),
            ("pricing", #"{"pricing":{"prompt":"0.10","x":{"y":[1,{"z":2}],"prompt":3},"completion":"1e-7"}}"#),
            ("pricing.completion,pricing.prompt,id", #"{"id":"a/b","pricing":{"prompt":"0.10","completion":"1e-7"}}"#),
            ("pricing.x.prompt", #"{"pricing":{"x":{"prompt":3}}}"#), ("pricing.nothing", #"{"pricing":{}}"#),
            ("pricing.x,pricing.x.prompt", #"{"pricing":{"x":{"y":[1,{"z":2}],"prompt":3}}}"#),
            ("pricing.x.prompt,pricing.x", #"{"pricing":{"x":{"y":[1,{"z":2}],"prompt":3}}}"#),
            ("id.x,name.y", "{}"), ("nothing", "{}"), ("name", #"{"name":"\"},{\"id\":[\\"}"#),
            ("%20id%20,", #"{"id":"a/b"}"#),
            ("n%C3%BCll", "{\"n\u{FC}ll\":null}"),
        ] as [(String, String)])
    func `only the chosen members are shown, in the row's own order and bytes`(fields: String, expected: String) {
        let row =
            #"{"id":"a/b","name":"\"},{\"id\":[\\","pricing":{"prompt":"0.10","x":{"y":[1,{"z":2}],"prompt":3},"completion":"1e-7"},"created":7,"n\#u{FC}ll":null}"#
        #expect(
            Self.shown(row, fields)
                == #"{"data":[\#(expected),{}],"total_count":2,"links":{"next":null}}"#)
    }

    @Test func `other members make another query`() {
        let plans = ["id", "name", "id,name", "id.x"].map { plan("larder_fields=" + $0) }
        for (index, left) in plans.enumerated() {
            for (other, right) in plans.enumerated() { #expect((left == right) == (index == other)) }
        }
    }

    @Test(
        arguments: [
            (#"{"id":"a/b"}"#, #"{"id":"a/b","object":"model","created":7,"owned_by":"a","shutdown_date":null}"#),
            ("{}", #"{"object":"model","created":7,"owned_by":"a","shutdown_date":null}"#),
            (
                #"{"created":1.0,"object":"x","x":{"owned_by":1}}"#,
                #"{"created":1.0,"object":"x","x":{"owned_by":1},"owned_by":"a","shutdown_date":null}"#
            ),
            (
                #"{"owned_by":1,"shutdown_date":2,"created":3,"object":4}"#,
                #"{"owned_by":1,"shutdown_date":2,"created":3,"object":4}"#
            ),
        ] as [(String, String)])
    func `OpenAI's object has what a row lacks, and no member twice`(row: String, expected: String) {
        var body = ByteBuilder()
        OpenAIObject.append(ModelRow(Self.snapshot([("~a/b", row)]), 0), to: &body)
        #expect(body.span.text() == expected)
    }

    @Test(arguments: [(#""2098-12-31""#, #""2098-12-31""#), ("null", "null"), ("", "null")])
    func `OpenAI's object tells when a model ends, whichever way its row came and whatever members are shown`(
        date: String, shown: String
    ) throws {
        var fields = ModelFields.make("a/b", created: 7)
        fields.expirationDate = Array(date.utf8)
        let row = SharedBytes(utf8: #"{"id":"a/b","created":7}"#)
        var builder = SnapshotBuilder()
        builder.append(fields, row: row.span)
        let rows = [ModelRow(builder.finish(), 0), ModelRow(fields, json: row)]
        guard case .local(let query) = plan("larder_fields=id") else {
            Issue.record("not a query to answer here")
            return
        }
        let chosen = try #require(query.fields)
        let (whole, brief) = (
            #"{"id":"a/b","created":7,"object":"model""#, #"{"id":"a/b","object":"model","created":7"#
        )
        for (row, start) in rows.map({ ($0, whole) }) + rows.map({ ($0.showing(chosen), brief) }) {
            var body = ByteBuilder()
            OpenAIObject.append(row, to: &body)
            #expect(body.span.text() == start + #","owned_by":"a","shutdown_date":\#(shown)}"#)
        }
    }

    private static func priced(_ pricing: String, _ rest: String = "") -> String {
        var body = ByteBuilder()
        let row = #"{"id":"a/b:free"\#(rest),"pricing":{\#(pricing)}}"#
        LiteLLMModel.append(ModelRow(snapshot([("a/b:free", row)]), 0), to: &body)
        return body.span.text()
    }

    private static let start = #""openrouter/a/b:free":{"litellm_provider":"openrouter","mode":"chat""#

    @Test(
        arguments: [
            (
                #""prompt":"0.0000025","completion":"0""#,
                #","input_cost_per_token":0.0000025,"output_cost_per_token":0"#
            ),
            (#""prompt":"0.000000000000000000000001""#, #","input_cost_per_token":0.000000000000000000000001"#),
            (#""prompt":0.50,"completion":"1e-7""#, #","input_cost_per_token":0.50,"output_cost_per_token":1e-7"#),
            (#""prompt":"-1","completion":"-1""#, ""), (#""prompt":"","completion":null"#, ""),
            (#""prompt":".5","completion":"5.""#, ""), (#""prompt":"01","completion":"1e""#, ""),
            (#""prompt":"0x1","completion":"1 ""#, ""), (#""prompt":["1"],"completion":{"a":1}"#, ""),
            (
                #""input_cache_read":"0.1","input_cache_write":"0.2","input_cache_write_1h":"0.3","internal_reasoning":"0.4""#,
                #","cache_read_input_token_cost":0.1,"cache_creation_input_token_cost":0.2,"cache_creation_input_token_cost_above_1hr":0.3,"output_cost_per_reasoning_token":0.4,"supports_prompt_caching":true"#
            ),
        ] as [(String, String)])
    func `prices keep upstream's digits, and what is no price is left out`(pricing: String, expected: String) {
        #expect(Self.priced(pricing) == Self.start + expected + "}")
    }

    @Test(
        arguments: [
            (
                #","context_length":128000,"top_provider":{"max_completion_tokens":4096}"#,
                #","max_tokens":4096,"max_input_tokens":128000,"max_output_tokens":4096"#
            ),
            (
                #","context_length":8192,"top_provider":{"max_completion_tokens":null}"#,
                #","max_tokens":8192,"max_input_tokens":8192"#
            ),
            (#","context_length":null,"top_provider":null"#, ""),
            (
                #","supported_parameters":["tools","tool_choice","parallel_tool_calls","structured_outputs","reasoning","web_search_options","x"]"#,
                #","supports_function_calling":true,"supports_tool_choice":true,"supports_parallel_function_calling":true,"supports_response_schema":true,"supports_reasoning":true,"supports_web_search":true"#
            ),
            (
                #","architecture":{"input_modalities":["text","image","audio","file","video"],"output_modalities":["audio","text"]}"#,
                #","supports_vision":true,"supports_audio_input":true,"supports_pdf_input":true,"supports_video_input":true,"supports_audio_output":true"#
            ),
        ] as [(String, String)])
    func `limits and abilities are those of the row`(row: String, expected: String) {
        #expect(Self.priced("", row) == Self.start + expected + "}")
    }

    @Test(
        arguments: [
            ("embeddings", "embedding"), ("image", "image_generation"), ("video", "video_generation"),
            ("rerank", "rerank"),
            ("transcription", "audio_transcription"), ("speech", "audio_speech"), ("decisions", "decisions"),
            ("smell", "chat"),
        ] as [(String, String)])
    func `the outputs say what a model is for`(output: String, mode: String) {
        let row = #","architecture":{"output_modalities":["\#(output)"]}"#
        #expect(Self.priced("", row).contains(#""mode":"\#(mode)""#))
    }
}
