import Foundation
import Settings
import TestSupport
import Testing
import Threads

/// What is removed on one replica is gone on all.
@Suite(.timeLimit(.minutes(30))) struct FleetRemovalTests {
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
}
