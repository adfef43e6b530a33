import Daemon
import Settings
import TestSupport
import Testing

/// Clients to whom upstream answers with other lists than the one that is cached: those of Anthropic's protocol, and Codex.
@Suite(.timeLimit(.minutes(300))) struct OtherListTests {
    /// What makes a request one of Anthropic's protocol.
    private static let marks: [MessageFields] = [
        ["Anthropic-Version": "2023-06-01"], ["x-api-key": "sk-or-v1-a"],
        ["X-API-Key": "sk-or-v1-a", "Authorization": ""],
        ["User-Agent": "claude-code/2.1.0"], ["User-Agent": "claude-code/2.1.0", "Authorization": "Bearer a"],
        ["Anthropic-Version": "2023-06-01", "Authorization": "Bearer a"],
    ]
    /// What looks like it.
    private static let others: [MessageFields] = [
        ["x-api-key": "sk-or-v1-b", "Authorization": "Bearer a"], ["User-Agent": "claude-cli/2.1.0"],
        ["User-Agent": "x claude-code/2.1.0"], ["User-Agent": "claude-code"], ["X-Anthropic-Version": "1"],
    ]
    private static let targets = [
        "/v1/models", "/api/v1/models?limit=3", "/models/count", "/models/user", "/model/acme/anvil",
        "/models/acme/anvil",
        "/models/acme/anvil/endpoints", "/providers", "/models?category=x",
    ]

    @Test(arguments: marks)
    func `a request in Anthropic's protocol is passed through each time, with its fields, and not kept`(
        mark: MessageFields
    ) throws {
        let origin = try ScriptedOrigin { request in
            mark.all.allSatisfy { request.fields[$0.name] == $0.value }
                ? .json(#"{"data":"other"}"#) : Replies.catalogue()
        }
        try LiveLarder.serving(before: origin, { $0.ttl.noCache = .seconds(3600) }) { larder throws in
            #expect(try larder.get("/models").text.contains("acme/anvil"))
            for target in Self.targets {
                for _ in 0..<2 {
                    let answer = try larder.get(target, mark)
                    #expect(answer.text == #"{"data":"other"}"#)
                    #expect(answer.cacheStatus == "larder; fwd=bypass; fwd-status=200")
                }
            }
            #expect(origin.requests.count == 1 + 2 * Self.targets.count)
            #expect(try larder.get("/models").isHit)
        }
    }

    @Test(arguments: ["larder_as_of=2026-11-01", "larder_fields=id", "limit=3&larder%5Fas_of=2026-11-01", "larder_x=1"])
    func `Larder's own parameters are refused there, because upstream would ignore them`(query: String) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            for target in ["/v1/models", "/models/user", "/model/acme/anvil", "/providers"] {
                let answer = try larder.get("\(target)?\(query)", ["anthropic-version": "2023-06-01"])
                #expect(answer.status == 400 && answer.text.contains("larder_"))
            }
        }
        #expect(origin.requests.isEmpty || origin.targets.allSatisfy { !$0.contains("larder_") })
    }

    @Test(arguments: others)
    func `any other is answered from the cache`(fields: MessageFields) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            _ = try larder.get("/models")
            #expect(try larder.get("/models", fields).isHit)
        }
        #expect(origin.requests.count == 1)
        // The key that is presented is that of `Authorization`; no other one goes with a fetch.
        #expect(origin.requests[0].fields["x-api-key"] == nil)
    }

    @Test(arguments: ["/models", "/models/user", "/key", "/healthz"])
    func `two keys in x-api-key are refused as two in Authorization are`(target: String) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            for name in ["x-api-key", "Authorization"] {
                let answer = try larder.get(target, [name: "a", name: "b"])
                #expect(answer.status == 400 && answer.text.lowercased().contains("two \(name.lowercased()) fields"))
            }
        }
        #expect(origin.requests.isEmpty)
    }

    // MARK: Codex

    private static let forCodex = #"{"models":[{"slug":"acme/anvil","display_name":"Anvil"}]}"#

    @Test func `Codex gets its own list, unchanged and stored for each version`() throws {
        let origin = try ScriptedOrigin { request in
            request.query.contains("client_version=") ? Replies.body(Array(Self.forCodex.utf8)) : Replies.catalogue()
        }
        try LiveLarder.serving(before: origin) { larder throws in
            for version in ["0.50.0", "0.51.0"] {
                let codex: MessageFields = [
                    "Authorization": "Bearer a", "originator": "codex_cli_rs", "version": version,
                    "User-Agent": "codex_cli_rs/\(version) (Debian 12; x86_64)", "Accept": "*/*",
                ]
                let first = try larder.get("/api/v1/models?client_version=\(version)", codex)
                #expect(first.status == 200 && first.text == Self.forCodex)
                #expect(first.cacheStatus == "larder; fwd=miss; fwd-status=200; stored")
                // Another root, another key, another spelling: the same list.
                let again = try larder.get("/v1/models?x=&client_version=0&client_version=\(version)", key: "b")
                #expect(again.isHit && again.text == Self.forCodex)
            }
            #expect(
                origin.targets == [
                    "/api/v1/models?client_version=0.50.0", "/api/v1/models?client_version=0.51.0",
                ])
            // Without a value there is no version, so it is the usual list.
            #expect(try larder.get("/models?client_version=").text.contains(#""total_count""#))
        }
    }

    @Test func `an answer to Codex that is no JSON is an honest error`() throws {
        let origin = try ScriptedOrigin { _ in
            .response(status: 200, fields: ["Content-Type": "text/html"], body: .bytes(Array("<p>".utf8)))
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get("/models?client_version=1")
            #expect(answer.status == 502 && answer.text.contains("not JSON"))
        }
    }

    @Test func `what a parameter without a meaning gets is a list still`() throws {
        let origin = try ScriptedOrigin { request in
            request.query.contains("client=") ? Replies.body(Array(Self.forCodex.utf8)) : Replies.catalogue()
        }
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/models?client=1").status == 502)
        }
    }
}
