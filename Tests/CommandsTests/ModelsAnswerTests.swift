import TestSupport
import Testing

@testable import Commands

@Suite struct ModelsAnswerTests {
    @Test func `JSON has the rows as they came, one on a line`() throws {
        let list = try ModelsAnswer.make(#"{"data":[{"id":"a\/b","x":1.0} ,{"id":"\u00e9"}],"total_count":2}"#)
        #expect(
            String(decoding: list.json, as: UTF8.self) == "[\n{\"id\":\"a\\/b\",\"x\":1.0},\n{\"id\":\"\\u00e9\"}\n]\n")
        #expect(try ModelsAnswer.make(#"{"data":[]}"#).json == Array("[]\n".utf8))
    }

    @Test func `CSV has a line of titles, and quotes what has to be quoted`() throws {
        let list = try ModelsAnswer.make(
            #"""
            {"data":[{"id":"a/b","name":"He said \"x\", then\nleft","created":1.7e9,"context_length":8192,
             "pricing":{"prompt":"0.00000015","completion":"-1"},
             "architecture":{"input_modalities":["text","image"],"output_modalities":["text"]}},{"id":"c/d"}]}
            """#)
        #expect(
            list.csv
                == "id,name,created,context_length,prompt_per_million,completion_per_million,input_modalities,"
                + "output_modalities\r\n"
                + "a/b,\"He said \"\"x\"\", then\nleft\",1700000000,8192,0.15,,text image,text\r\nc/d,,,,,,,\r\n")
    }

    @Test func `control characters of upstream do not reach a terminal with CSV`() throws {
        let list = try ModelsAnswer.make(#"{"data":[{"id":"a/b","name":"x\u001b]0;owned\u0007\u009by\u007f\tz"}]}"#)
        #expect(list.csv.hasSuffix("a/b,x?]0;owned??y?\tz,,,,,,\r\n"))
    }

    @Test func `a quote is doubled even if a combining mark makes one character of it`() throws {
        let list = try ModelsAnswer.make("{\"data\":[{\"id\":\"a/b\",\"name\":\"a\\\"\u{301},b\"}]}")
        let expected = "a/b,\"a\"\"\u{301},b\",,,,,,\r\n"
        #expect(Array(list.csv.utf8.suffix(expected.utf8.count)) == Array(expected.utf8))
    }

    @Test(arguments: ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=\u{338}1"])
    func `no text of upstream's is a formula in a spreadsheet`(text: String) throws {
        let name = text.unicodeScalars.map { $0 == "\t" ? "\\t" : "\($0)" }.joined()
        let list = try ModelsAnswer.make(
            "{\"data\":[{\"id\":\"\(name)\",\"name\":\"\(name)\",\"created\":5,\"context_length\":1,"
                + "\"architecture\":{\"input_modalities\":[\"\(name)\"],\"output_modalities\":[\"x=\"]}}]}")
        let cell = "'" + text
        let expected = "\(cell),\(cell),5,1,,,\(cell),x=\r\n"
        #expect(Array(list.csv.utf8.suffix(expected.utf8.count)) == Array(expected.utf8))
    }

    @Test func `a byte order mark is passed over in every form`() throws {
        let list = try ModelsAnswer.make("\u{FEFF}" + #"{"data":[{"id":"a/b"}]}"#)
        #expect(list.rows.map(\.id) == ["a/b"])
        #expect(String(decoding: list.json, as: UTF8.self) == "[\n{\"id\":\"a/b\"}\n]\n")
    }

    @Test func `the fields of the answer are read`() throws {
        let fields = [("age", "12"), ("cache-status", "larder; hit; ttl=288")]
        let list = try ModelsAnswer.make(#"{"data":[],"total_count":7}"#, fields)
        #expect(list.total == 7 && list.age == 12 && list.origin == "hit; ttl=288")
        let bare = try ModelsAnswer.make(#"{"data":[]}"#)
        #expect(bare.total == nil && bare.age == nil && bare.origin == nil)
    }

    @Test(arguments: ["", "<html>", "{}", #"{"data":{}}"#, "[]"])
    func `what is no list is an error`(body: String) {
        #expect(throws: ClientFailure.self) { try ModelsAnswer.make(body) }
    }

    @Test func `odd models are read without a value where they have none`() throws {
        let list = try ModelsAnswer.make(SampleCatalogue.json)
        #expect(list.rows.count == SampleCatalogue.count)
        let types = try #require(list.rows.first { $0.id == "bare/types" })
        #expect(types.created == nil && types.context == nil && types.inputs.isEmpty && types.outputs == ["text"])
        #expect(types.prompt == .unreadable && types.completion == .absent)
        #expect(list.rows.first { $0.id == "acme/tongs:beta" }?.context == 16_000)
        #expect(list.rows.first { $0.id == "acme/auto" }?.prompt == .varies)
    }
}
