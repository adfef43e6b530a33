import Daemon
import Foundation
import TestSupport
import Testing

/// The exports of the catalogue below `/_larder/`, and the base in the form of OpenAI's API.
@Suite(.timeLimit(.minutes(300))) struct ExportTests {
    private static let path = "/_larder/export/litellm.json"

    @Test func `an export is cached as the list is, but no page of another origin may read it`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            let first = try larder.get(Self.path)
            #expect(first.status == 200 && first.cacheStatus == "larder; fwd=miss; fwd-status=200; stored")
            #expect(first.fields["Content-Type"] == "application/json")
            let map = try #require(try JSONSerialization.jsonObject(with: Data(first.body)) as? [String: [String: Any]])
            #expect(!map.isEmpty)
            for (name, model) in map {
                #expect(name.hasPrefix("openrouter/") && model["litellm_provider"] as? String == "openrouter")
            }
            let again = try larder.get(Self.path)
            #expect(again.isHit && again.body == first.body)
            let tag = try #require(again.fields["ETag"])
            #expect(try larder.get(Self.path, ["If-None-Match": tag]).status == 304)
            #expect(try larder.request("HEAD", Self.path).body.isEmpty)
            for answer in [first, again, try larder.get(Self.path + "?limit=0")] {
                #expect(answer.fields["Access-Control-Allow-Origin"] == nil)
            }
            #expect(try larder.get("/models").fields["Access-Control-Allow-Origin"] == "*")
        }
        #expect(origin.requests.count == 1)
    }

    @Test func `an export is answered under Larder's own name, to its own origin, and read only`() throws {
        try LiveLarder.serving(before: try ScriptedOrigin(Replies.wellBehaved)) { larder throws in
            for _ in 1...2 {
                #expect(try larder.get(Self.path, ["Host": "evil.example"]).status == 421)
                #expect(try larder.get(Self.path, ["Origin": "https://evil.example"]).status == 403)
                #expect(try larder.request("POST", Self.path).fields["Allow"] == "GET, HEAD")
                #expect(try larder.get(Self.path).status == 200)
            }
            #expect(try larder.get("/_larder/export/other.json").status == 404)
        }
    }

    @Test func `below the base of OpenAI's API everything else is passed through`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            let list = try larder.get("/openai/v1/models")
            #expect(String(decoding: list.body, as: UTF8.self).hasPrefix(#"{"object":"list","data":[{"#))
            _ = try larder.get("/openai/v1/key?x=y")
            #expect(origin.requests.last?.target.hasSuffix("/key?x=y") == true)
            #expect(origin.requests.last?.target.contains("openai") == false)
        }
    }
}
