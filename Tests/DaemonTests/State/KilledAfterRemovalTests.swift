import Daemon
import Foundation
import Glibc
import Settings
import TestSupport
import Testing

/// A process that is killed the moment it has answered that something is gone: the next one does not have it.
@Suite(.timeLimit(.minutes(300))) struct KilledAfterRemovalTests {
    private static let targets = ["/models", "/providers", "/models/user", "/embeddings/models"]

    /// What makes copies go.
    enum Cause: String, CaseIterable {
        case purgeOfAll, purgeOfCatalog, purgeOfKey, refusal, privacy

        /// What goes.
        var gone: [String] {
            switch self {
            case .purgeOfAll: targets
            case .purgeOfCatalog: ["/models"]
            case .purgeOfKey, .refusal: ["/models/user", "/embeddings/models"]
            case .privacy: []
            }
        }
    }

    @Test(arguments: Cause.allCases, [true, false])
    func `nothing that was answered to be gone is back`(cause: Cause, isWritten: Bool) throws {
        let (isOver, folder) = (Monitor(false), StateFolder())
        let upstream = try UpAndDown { request in
            let name = request.key ?? "nobody"
            if cause == .refusal, isOver.current, name == "anna" { return Replies.error(401, "Revoked") }
            switch request.path {
            case "/api/v1/embeddings/models", "/api/v1/models/user":
                return Replies.list(["\(name)/own"], ["Cache-Control": "private"])
            default:
                if cause == .privacy, isOver.current {
                    return Replies.list(["\(name)/row"], ["Cache-Control": "private"])
                }
                return Replies.list(["all/row"])
            }
        }
        let anna: MessageFields = ["Authorization": "Bearer anna"]
        let refresh: MessageFields = ["Authorization": "Bearer anna", "Cache-Control": "no-cache"]
        for round in 0..<6 {
            let process = try LarderProcess.serve(before: upstream, in: folder, ["--workers", "2"])
            let client = try RawClient(port: process.port)
            for target in Self.targets { #expect(try client.get(target, anna).status == 200) }
            if isWritten { try eventually("it is written") { try folder.holds("anna/own") && folder.holds("all/row") } }
            isOver.withValue { $0 = true }
            switch cause {
            case .purgeOfAll: #expect(try client.request("POST", "/_larder/purge?all=1").status == 200)
            case .purgeOfCatalog: #expect(try client.request("POST", "/_larder/purge?catalog=1").status == 200)
            case .purgeOfKey:
                let status = try JSONSerialization.jsonObject(with: Data(try client.get("/_larder/status").body))
                let entries = (status as? [String: Any])?["entries"] as? [[String: Any]] ?? []
                let key = try #require(entries.compactMap { $0["key"] as? String }.first)
                #expect(try client.request("POST", "/_larder/purge?key=\(key)").status == 200)
            case .refusal: #expect(try client.get("/models/user", refresh).status == 401)
            case .privacy: #expect(try client.get("/models", refresh).status == 200)
            }
            process.child.signal(SIGKILL)
            #expect(try process.child.waitForExit() == .signalled(SIGKILL))
            isOver.withValue { $0 = false }

            upstream.setDown(true)
            let next = try LarderProcess.serve(before: upstream, in: folder)
            let gone = cause.gone
            for target in gone {
                let answer = try next.get(target, anna)
                #expect(answer.status >= 502, "round \(round), \(target): \(answer.text)")
            }
            if cause == .privacy { #expect(try next.get("/models", ["Authorization": "Bearer bert"]).status >= 502) }
            if isWritten {
                for target in Self.targets where !gone.contains(target) && cause != .privacy {
                    #expect(try next.get(target, anna).status == 200, "round \(round), \(target)")
                }
            }
            try next.end()
            upstream.setDown(false)
        }
        #expect(folder.names.allSatisfy { !$0.contains("damaged") }, "\(folder.names)")
    }

    @Test(arguments: [1, 3])
    func `what was under way at a purge is handed over and not kept`(workers: Int) throws {
        let (gate, isHeld, folder) = (OriginGate(), Monitor(true), StateFolder())
        let origin = try ScriptedOrigin { request in
            let reply = Replies.list(["\(request.key ?? "nobody")/row"])
            return isHeld.current ? .held(gate, reply) : reply
        }
        try LiveLarder.serving(
            before: origin,
            {
                folder.keep(&$0)
                $0.workers = workers
            }
        ) { larder throws in
            let targets = ["/models", "/providers", "/models/user"]
            let callers = try targets.map { try larder.begin($0, ["Authorization": "Bearer anna"]) }
            try gate.waitForArrivals(3)
            #expect(try larder.request("POST", "/_larder/purge?all=1").status == 200)
            isHeld.withValue { $0 = false }
            gate.open()
            for caller in callers {
                let answer = try caller.readResponse()
                #expect(answer.status == 200 && !answer.cacheStatus.contains("stored"), "\(answer.cacheStatus)")
            }
            for target in targets {
                let stored = try larder.get(
                    target, ["Authorization": "Bearer anna", "Cache-Control": "only-if-cached"])
                #expect(stored.status == 504, "\(target): \(stored.cacheStatus)")
            }
            // From then on all is as ever.
            for target in targets {
                #expect(try larder.get(target, key: "anna").status == 200)
                #expect(try larder.get(target, key: "anna").isHit, "\(target)")
            }
        }
    }
}
