import Foundation
import Settings
import TestSupport
import Testing
import Threads

/// What is removed on one replica is gone on all.
@Suite(.timeLimit(.minutes(300))) struct FleetRemovalTests {
    @Test(arguments: ["all=1", "catalog=1"], [1, 2])
    func `a purge reaches every replica, and says on how many`(query: String, workers: Int) throws {
        let engine = try EngineServer()
        let origin = try ScriptedOrigin { Replies.list(["made/number-\($0.number)"]) }
        try SharingLarders.serving(before: origin, by: engine, { settings, _ in settings.workers = workers }) {
            larders throws in
            for larder in larders.all { #expect(try larder.get("/models").text.contains("number-1\"")) }
            #expect(try larders[1].purge(query).hasSuffix(",\"replicas\":{\"confirmed\":3,\"of\":3}}"))
            for larder in larders.all { #expect(try larder.get("/models").text.contains("number-2\"")) }
        }
        #expect(origin.requests.count == 2)
    }

    @Test func `a key's copies are purged on every replica by the digits of its fingerprint`() throws {
        let engine = try EngineServer()
        let origin = try ScriptedOrigin { request in
            Replies.list(["made/number-\(request.number)"], ["Cache-Control": "private"])
        }
        try SharingLarders.serving(before: origin, by: engine) { larders throws in
            for larder in larders.all {
                #expect(try larder.get("/models/user", key: "anna").text.contains("number-1\""))
            }
            // The same on all.
            let names = try larders.all.map { larder in
                let status = try larder.get("/_larder/status").text
                return status.components(separatedBy: "\"fingerprint\":\"")[1].prefix(8)
            }
            #expect(Set(names).count == 1)
            let answer = try larders[2].purge("key=\(names[0])")
            #expect(answer == "{\"purged\":1,\"replicas\":{\"confirmed\":3,\"of\":3}}")
            for larder in larders.all {
                #expect(try larder.get("/models/user", key: "anna").text.contains("number-2\""))
            }
            #expect(try larders[0].purge("key=00000001").contains("\"replicas\":{\"confirmed\":1,\"of\":3}"))
        }
        #expect(origin.requests.count == 2)
    }

    @Test func `a key that upstream refuses on one replica gets nothing more from the others`() throws {
        let engine = try EngineServer()
        let isRevoked = Monitor(false)
        let origin = try ScriptedOrigin { request in
            if isRevoked.current { return Replies.error(401, "revoked") }
            return Replies.list(["own/\(request.key ?? "")"], ["Cache-Control": "private"])
        }
        try SharingLarders.serving(before: origin, by: engine) { larders throws in
            for larder in larders.all {
                for key in ["anna", "bert"] { #expect(try larder.get("/models/user", key: key).status == 200) }
            }
            #expect(origin.requests.count == 2)
            isRevoked.withValue { $0 = true }
            let insisting: MessageFields = ["Authorization": "Bearer anna", "Cache-Control": "no-cache"]
            #expect(try larders[0].get("/models/user", insisting).status == 401)
            for larder in larders.all {
                try eventually("the refusal") { try larder.get("/models/user", key: "anna").status == 401 }
                #expect(try larder.get("/models/user", key: "bert").isHit)
            }
        }
    }

    @Test func `what upstream no longer allows to share is gone on every replica`() throws {
        let engine = try EngineServer()
        let isPrivate = Monitor(false)
        let origin = try ScriptedOrigin { request in
            Replies.list(
                ["made/for-\(request.key ?? "all")"],
                ["Cache-Control": isPrivate.current ? "private" : "public"])
        }
        try SharingLarders.serving(before: origin, by: engine) { larders throws in
            for larder in larders.all { #expect(try larder.get("/models", key: "anna").text.contains("for-anna")) }
            #expect(try larders[1].get("/models", key: "bert").text.contains("for-anna"))
            isPrivate.withValue { $0 = true }
            let insisting: MessageFields = ["Authorization": "Bearer carl", "Cache-Control": "no-cache"]
            #expect(try larders[0].get("/models", insisting).text.contains("for-carl"))
            for larder in larders.all {
                try eventually("a list of one's own") {
                    try larder.get("/models", key: "bert").text.contains("for-bert")
                }
            }
        }
    }

    /// An origin whose lists are for the key that asked, and are public or private by turns.
    private static func origin(_ directive: Monitor<String>) throws -> ScriptedOrigin {
        try ScriptedOrigin { request in
            Replies.list(["made/for-\(request.key ?? "all")"], ["Cache-Control": directive.current])
        }
    }

    /// A request that wants no copy, not even a recent one.
    private static func insisting(_ key: String) -> MessageFields {
        ["Authorization": "Bearer \(key)", "Cache-Control": "no-cache"]
    }

    private static func insists(_ settings: inout Settings, _ index: Int) { settings.ttl.noCache = .zero }

    @Test func `a list that became public again and then private again is gone on every replica`() throws {
        let engine = try EngineServer()
        let directive = Monitor("private")
        try SharingLarders.serving(2, before: try Self.origin(directive), by: engine, Self.insists) { larders throws in
            // This replica fetches for each key by itself from now on, and what it fetches may be for all.
            #expect(try larders[0].get("/models", key: "anna").text.contains("for-anna"))
            directive.withValue { $0 = "public" }
            #expect(try larders[0].get("/models", key: "bert").text.contains("for-bert"))
            #expect(try larders[0].get("/models", key: "emil").text.contains("for-bert"))
            directive.withValue { $0 = "private" }
            #expect(try larders[1].get("/models", key: "carl").text.contains("for-carl"))
            try eventually("a list of one's own") {
                try larders[0].get("/models", key: "emil").text.contains("for-emil")
            }
        }
    }

    @Test func `a replica withdraws again what another one has shared since its last withdrawal`() throws {
        let engine = try EngineServer()
        let directive = Monitor("private")
        try SharingLarders.serving(2, before: try Self.origin(directive), by: engine, Self.insists) { larders throws in
            #expect(try larders[0].get("/models", key: "anna").text.contains("for-anna"))
            directive.withValue { $0 = "public" }
            // A copy that was fetched before the withdrawal has its number is not stored.
            try eventually("a copy for all in the engine") {
                #expect(try larders[1].get("/models", Self.insisting("bert")).text.contains("for-bert"))
                return try larders[1].fleet("given") != "0"
            }
            directive.withValue { $0 = "private" }
            #expect(try larders[0].get("/models", key: "carl").text.contains("for-carl"))
            try eventually("a list of one's own") {
                try larders[1].get("/models", key: "emil").text.contains("for-emil")
            }
        }
    }

    @Test func `a key's own copy ends on every replica when upstream forbids to keep it`() throws {
        let engine = try EngineServer()
        let directive = Monitor("private")
        try SharingLarders.serving(2, before: try Self.origin(directive), by: engine, Self.insists) { larders throws in
            // The first one is dropped when the generation of this key becomes known.
            try eventually("a copy") {
                let answer = try larders[0].get("/models", key: "anna")
                #expect(answer.text.contains("for-anna"))
                return answer.isHit
            }
            directive.withValue { $0 = "private, no-store" }
            #expect(try larders[1].get("/models", Self.insisting("anna")).status == 200)
            try eventually("no copy") { try !larders[0].get("/models", key: "anna").isHit }
        }
    }

    @Test func `what upstream never lets anyone keep is withdrawn once, not with each fetch`() throws {
        let engine = try EngineServer()
        let directive = Monitor("private")
        let origin = try Self.origin(directive)
        try SharingLarders.serving(2, before: origin, by: engine, Self.insists) { larders throws in
            #expect(try larders[0].get("/models", key: "anna").text.contains("for-anna"))
            directive.withValue { $0 = "private, no-store" }
            #expect(try larders[0].get("/models", Self.insisting("anna")).status == 200)
            // The number is raised after the answer. A purge is confirmed after what began before it, and the second one
            // after what that has caused.
            func number() throws -> String {
                for _ in 0..<2 { _ = try larders[0].purge("catalog=1") }
                let key = try #require(try engine.keys().first { $0.hasSuffix(":g:withdrawals") })
                return try engine.command("GET", key)
            }
            var last = try number()
            try eventually("a number that stays") {
                let before = last
                #expect(try larders[0].get("/models", Self.insisting("anna")).status == 200)
                last = try number()
                return last == before
            }
            let before = origin.requests.count
            for _ in 0..<5 { #expect(try larders[0].get("/models", Self.insisting("anna")).status == 200) }
            #expect(origin.requests.count == before + 5)
            #expect(try number() == last)
        }
    }

    /// One replica has the state directory of an earlier process, and has not been asked for anything yet.
    private static func restarting(
        _ target: String, _ key: String?, before origin: ScriptedOrigin, by engine: EngineServer,
        _ body: (_ first: LiveLarder, _ again: () throws -> LiveLarder) throws -> Void
    ) throws {
        let state = engine.folder + "/state"
        func keepState(_ settings: inout Settings, _ index: Int) {
            insists(&settings, index)
            guard index == 1 else { return }
            settings.state.enabled = true
            settings.state.directory = state
        }
        try SharingLarders.serving(2, before: origin, by: engine, keepState) { both throws in
            for larder in both.all { #expect(try larder.get(target, key: key ?? "").status == 200) }
        }
        try engine.waitForReplicas(0)
        try SharingLarders.serving(2, before: origin, by: engine, keepState) { both throws in
            #expect(try both[0].get(target, key: key ?? "").status == 200)
            try body(both[0]) { both[1] }
        }
    }

    @Test func `a key's copy on another replica's disk is not served after a purge`() throws {
        let engine = try EngineServer()
        let origin = try ScriptedOrigin { request in
            Replies.list(["made/number-\(request.number)"], ["Cache-Control": "private"])
        }
        try Self.restarting("/models/user", "anna", before: origin, by: engine) { first, again throws in
            let status = try first.get("/_larder/status").text
            let name = status.components(separatedBy: "\"fingerprint\":\"")[1].prefix(8)
            #expect(try first.purge("key=\(name)").hasSuffix("\"replicas\":{\"confirmed\":2,\"of\":2}}"))
            let before = origin.requests.count
            let answer = try again().get("/models/user", key: "anna")
            #expect(answer.text.contains("number-\(before + 1)\""), "\(answer.text)")
        }
    }

    @Test func `a shared copy on another replica's disk is not served after it was withdrawn`() throws {
        let engine = try EngineServer()
        let directive = Monitor("public")
        let origin = try ScriptedOrigin { request in
            Replies.body(
                Array(#"{"data":[{"slug":"for-\#(request.key ?? "all")"}]}"#.utf8), ["Cache-Control": directive.current]
            )
        }
        try Self.restarting("/providers", "anna", before: origin, by: engine) { first, again throws in
            directive.withValue { $0 = "private" }
            #expect(try first.get("/providers", Self.insisting("carl")).text.contains("for-carl"))
            try eventually("a list of one's own") {
                try again().get("/providers", key: "bert").text.contains("for-bert")
            }
        }
    }
}
