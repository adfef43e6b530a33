import Daemon
import TestSupport
import Testing

/// Bodies that are valid JSON, or nearly so, and that a strict reader would refuse, before a whole Larder.
@Suite(.timeLimit(.minutes(300))) struct OddJSONTests {
    /// A model with lone surrogates, high and low, reversed and doubled, in keys and values.
    private static let row =
        #"{"id":"acme/cut","name":"Cut \ud83d","\uDE00":"\ude00\uD83d","description":"\ud83d\ud83d\\ud83d 😀","#
        + #""architecture":{"output_modalities":["text"]}}"#
    private static let list = #"{"data":[\#(row)]}"#

    private static func origin(_ prefix: [UInt8] = []) throws -> ScriptedOrigin {
        try ScriptedOrigin { request in
            let body = request.path.contains("/model/") ? #"{"data":\#(row)}"# : list
            return Replies.body(prefix + Array(body.utf8))
        }
    }

    @Test(arguments: [
        "/models", "/models/user", "/models?zdr=true", "/models?q=Cut+%EF%BF%BD", "/model/acme/cut",
        "/model/acme/cut:nitro", "/providers",
    ])
    func `lone surrogates are kept as they are written`(target: String) throws {
        try LiveLarder.serving(before: Self.origin()) { larder throws in
            let answer = try larder.get(target, key: "anna")
            #expect(answer.status == 200 && answer.text.contains(Self.row), "\(answer.text)")
            #expect(try larder.get(target, key: "anna").isHit)
        }
    }

    @Test func `an id may have one, and is valid text in all that Larder writes`() throws {
        let row = #"{"id":"acme/\ud83d","architecture":{"output_modalities":["text"]}}"#
        let origin = try ScriptedOrigin { _ in Replies.body(Array(#"{"data":[\#(row)]}"#.utf8)) }
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get("/models/acme/%EF%BF%BD")
            #expect(answer.status == 200)
            #expect(answer.text.hasPrefix(#"{"data":\#(row),"id":"acme/\#u{FFFD}","object":"model","#))
        }
    }

    @Test(arguments: ["/models", "/models/user", "/models?zdr=true", "/model/acme/cut", "/providers"])
    func `a byte order mark is ignored`(target: String) throws {
        try LiveLarder.serving(before: Self.origin([0xEF, 0xBB, 0xBF])) { larder throws in
            let answer = try larder.get(target, key: "anna")
            #expect(answer.status == 200 && answer.text.contains(Self.row))
            // A body that is passed on unchanged keeps it.
            #expect(answer.body.starts(with: [0xEF, 0xBB, 0xBF]) == (target == "/providers"))
        }
    }

    @Test(arguments: ["/models", "/models/user", "/models?zdr=true", "/model/acme/cut:x", "/providers"])
    func `bytes that are not UTF-8 are an error, beside a lone surrogate too`(target: String) throws {
        let origin = try ScriptedOrigin { request in
            let isBad = target != "/models?zdr=true" || request.query.contains("zdr")
            guard isBad, !request.path.hasSuffix("/models") || !target.contains("/model/") else {
                return Replies.body(Array(Self.list.utf8))
            }
            return Replies.body(Array(#"{"data":[{"id":"a/b","x":"\ud83d"#.utf8) + [0xFF] + Array(#"ud83d"}]}"#.utf8))
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get(target, key: "anna")
            #expect(answer.status == 502 && answer.text.contains("not JSON"), "\(answer.text)")
        }
    }

    @Test func `contexts of any spelling are compared`() throws {
        let contexts = ["1e30", "9007199254740993", "1e6", "128000.0", "null", "2e30", "9007199254740992.0"]
        let rows = contexts.enumerated().map {
            #"{"id":"a/\#($0)","context_length":\#($1),"architecture":{"output_modalities":["text"]}}"#
        }
        let origin = try ScriptedOrigin { _ in Replies.body(Array(#"{"data":[\#(rows.joined(separator: ","))]}"#.utf8))
        }
        try LiveLarder.serving(before: origin) { larder throws in
            func ids(_ query: String) throws -> String {
                let text = try larder.get("/models?" + query).text
                return text.matches(of: /"id":"a\/([^"]*)"/).map { String($0.output.1) }.joined()
            }
            #expect(try ids("sort=context-high-to-low") == "5016234")
            #expect(try ids("context=128000") == "012356")
            #expect(try ids("context=9007199254740993") == "015")
            #expect(try ids("context=9223372036854775807") == "05")
        }
    }
}
