import Daemon
import Foundation
import Settings
import TestSupport
import Testing

/// `admin.listen`: Larder's own pages are there, and only there.
@Suite(.timeLimit(.minutes(300))) struct AdminListenTests {
    private static let pages = [
        "/metrics", "/_larder/", "/_larder/status", "/_larder/settings", "/_larder/events",
        "/_larder/export/litellm.json",
    ]

    private static func serving(
        _ workers: Int = 1, _ change: (inout Settings) -> Void = { _ in },
        _ body: (LiveLarder, ScriptedOrigin) throws -> Void
    ) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let changeAll = { (settings: inout Settings) in
            settings.workers = workers
            settings.admin.listen = [.tcp(host: "127.0.0.1", port: 0)]
            change(&settings)
        }
        try LiveLarder.serving(before: origin, changeAll) { larder throws in try body(larder, origin) }
    }

    @Test(arguments: [1, 3]) func `own pages are on its addresses alone, health is everywhere`(workers: Int) throws {
        try Self.serving(workers) { larder, _ throws in
            #expect(larder.adminPort != larder.port)
            // Twice: the second time, the export is an answer of the cache.
            for _ in 0..<2 {
                for path in Self.pages {
                    #expect(try RawClient.get(port: larder.adminPort, path).status == 200, "\(path)")
                    let elsewhere = try larder.get(path)
                    #expect(elsewhere.status == 404, "\(path)")
                    #expect(elsewhere.text.hasPrefix(#"{"error":{"code":404,"message":"#))
                    #expect(elsewhere.fields["Access-Control-Allow-Origin"] == nil)
                }
                for port in [larder.port, larder.adminPort] {
                    for path in ["/healthz", "/readyz", "/models", "/api/v1/models/count"] {
                        #expect(try RawClient.get(port: port, path).status == 200, "\(port) \(path)")
                    }
                }
            }
            #expect(try larder.request("POST", "/_larder/purge?all=1").status == 404)
            let purge = try RawClient(port: larder.adminPort)
            #expect(try purge.request("POST", "/_larder/purge?all=1").status == 200)
        }
    }

    @Test func `a browser at the root is led to the page only where the page is`() throws {
        try Self.serving { larder, origin throws in
            #expect(try larder.get("/", ["Accept": "text/html"]).status == 404)
            let answer = try RawClient.get(port: larder.adminPort, "/", ["Accept": "text/html"])
            #expect(answer.status == 302 && answer.fields["Location"] == "_larder/")
            #expect(origin.requests.isEmpty)
        }
    }

    @Test func `the status names both`() throws {
        try Self.serving { larder, _ throws in
            let answer = try RawClient.get(port: larder.adminPort, "/_larder/status")
            let status = try Reports.object(answer)
            #expect(status["listen"] as? [String] == ["http://127.0.0.1:\(larder.port)"])
            #expect(status["admin_listen"] as? [String] == ["http://127.0.0.1:\(larder.adminPort)"])
        }
    }

    @Test func `a page of another origin is refused there by its host name, as elsewhere`() throws {
        try Self.serving { larder, _ throws in
            for path in ["/_larder/status", "/metrics", "/models"] {
                let answer = try RawClient.get(port: larder.adminPort, path, ["Host": "rebound.example"])
                #expect(answer.status == 421, "\(path)")
            }
        }
    }

    @Test func `it can be a socket in the file system`() throws {
        let path = "/tmp/larder-test-\(UInt64.random(in: .min ... .max)).sock"
        try Self.serving(2, { $0.admin.listen = [.unix(path: path)] }) { larder, _ throws in
            let client = try RawClient(path: path)
            #expect(try client.get("/_larder/status").status == 200 && client.get("/models").status == 200)
            #expect(try larder.get("/_larder/status").status == 404)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `commands ask it without being told, and an upgrade passes it on`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let folder = StateFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let path = folder.beside("admin.sock")
        let environment = ["LARDER_ADMIN_LISTEN": "unix:\(path)", "LARDER_WORKERS": "2"]
        let larder = try UpgradingLarder(
            ["--upstream", origin.url + "/api/v1", "--listen", "127.0.0.1:0", "--no-state"], environment: environment)
        let before = try LarderProcess.run(["status", "--json"], environment: environment)
        #expect(before.ending == .exited(0) && before.output.contains("\"pid\":\(larder.process)"), "\(before)")
        #expect(before.output.contains("\"admin_listen\":[\"unix:\(path)\"]"))
        try larder.upgrade()
        let after = try LarderProcess.run(["status", "--json"], environment: environment)
        #expect(after.ending == .exited(0) && after.output.contains("\"pid\":\(larder.process)"), "\(after)")
        #expect(try larder.get("/_larder/status").status == 404)
        #expect(try LarderProcess.run(["purge", "--all"], environment: environment).ending == .exited(0))
        let doctor = try LarderProcess.run(["doctor"], environment: environment)
        #expect(doctor.output.contains("larder") && !doctor.output.contains("no Larder answers"), "\(doctor)")
        try larder.end()
        #expect(!FileManager.default.fileExists(atPath: path))
    }
}
