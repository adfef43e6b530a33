import Foundation
import TestSupport
import Testing

/// A replica that hands over to a new process.
@Suite(.timeLimit(.minutes(300))) struct FleetUpgradeTests {
    @Test func `an upgrade takes the fleet's copies, and the old process leaves the fleet`() throws {
        let engine = try EngineServer()
        let secret = try SharingLarders.file(SharingLarders.secret, in: engine, "secret")
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try UpgradingLarder(
            ["--upstream", origin.url + "/api/v1", "--listen", "127.0.0.1:0"],
            environment: [
                "LARDER_FLEET_URL": "redis://127.0.0.1:\(engine.port)", "LARDER_FLEET_SECRET_FILE": secret,
                "LARDER_FLEET_TIMEOUT": "10s", "LARDER_FLEET_CONNECT_TIMEOUT": "10s",
            ])
        #expect(try larder.get("/models").status == 200)
        #expect(origin.requests.count == 1)
        for _ in 0..<2 {
            try larder.upgrade()
            #expect(try larder.get("/models").status == 200)
        }
        #expect(origin.requests.count == 1)
        try eventually("a purge that this process alone confirms", within: .hang) {
            let client = try RawClient(port: larder.port)
            defer { client.close() }
            return try client.request("POST", "/_larder/purge?all=1").text.contains(
                "\"replicas\":{\"confirmed\":1,\"of\":1}")
        }
        #expect(try larder.get("/models").status == 200)
        #expect(origin.requests.count == 2)
        try larder.end()
    }
}
