import Foundation
import TestSupport
import Testing

/// Three whole replicas behind HAProxy, as they run for real.
@Suite(.enabled(if: WholeFleet.isTested, WholeFleet.reason), .timeLimit(.minutes(300)), .serialized)
struct FleetFrontTests {
    /// An HAProxy before replicas, with the settings of `deploy/compose.fleet.yaml`, quicker checks and retries.
    private struct Front {
        let port: UInt16
        private let reservation: TestSocket
        private let child: ChildProcess

        init(before larders: SharingProcesses, _ engine: EngineServer) throws {
            (reservation, port) = try TestSocket.bound()
            let servers = larders.all.enumerated().map {
                "    server replica-\($0) 127.0.0.1:\($1.port) check inter 100ms fall 1 rise 1"
            }
            let text = """
                defaults
                    mode http
                    timeout connect 3s
                    timeout client 1m
                    timeout server 1m
                    retries 5
                    option redispatch 1
                    retry-on conn-failure empty-response
                frontend larder
                    bind 127.0.0.1:\(port)
                    default_backend larders
                backend larders
                    balance roundrobin
                    option httpchk GET /readyz
                \(servers.joined(separator: "\n"))

                """
            let file = try SharingLarders.file(text, in: engine, "haproxy.cfg")
            child = try ChildProcess("/usr/sbin/haproxy", ["-db", "-f", file])
            let port = port
            try eventually("HAProxy", within: .hang) {
                (try? RawClient.get(port: port, "/readyz").status) == 200
            }
        }

        func get(_ target: String, _ fields: MessageFields = [:]) throws -> RawResponse {
            let client = try RawClient(port: port, timeout: .hang)
            defer { client.close() }
            return try client.get(target, fields)
        }
    }

    /// Asks through HAProxy all the time, from a thread of its own.
    private final class Load: Sendable {
        struct State {
            var statuses: [Int: Int] = [:]
            var errors: [String] = []
            var isOver = false
            var hasEnded = false
        }

        let state = Monitor(State())

        init(_ front: Front, _ targets: [String], _ fields: MessageFields) {
            let state = state
            Thread.detachNewThread {
                var turn = 0
                while !state.current.isOver {
                    do {
                        let answer = try front.get(targets[turn % targets.count], fields)
                        state.withValue { $0.statuses[answer.status, default: 0] += 1 }
                    } catch {
                        state.withValue { $0.errors.append("\(error)") }
                    }
                    turn += 1
                }
                state.withValue { $0.hasEnded = true }
            }
        }

        func waitForAnswers(_ count: Int) throws {
            guard state.wait(.hang, until: { $0.statuses.values.reduce(0, +) >= count ? () : nil }) != nil else {
                throw TimedOut("\(count) answers", after: .hang)
            }
        }

        var answers: Int { state.withValue { $0.statuses.values.reduce(0, +) } }

        func end() {
            state.withValue { $0.isOver = true }
            _ = state.wait(.hang) { $0.hasEnded ? () : nil }
        }
    }

    private static let targets = ["/models", "/models?category=x", "/model/some/model:nitro", "/models/user"]
    private static let fields: MessageFields = ["Authorization": "Bearer anna"]

    private static func keyed(_ request: OriginRequest) -> OriginReply {
        guard request.path == "/api/v1/models/user" else { return Replies.wellBehaved(request) }
        return Replies.list(["\(request.key ?? "")/own"], ["Cache-Control": "private, max-age=600"])
    }

    @Test func `a rolling restart under load refetches nothing, and no client gets an error`() throws {
        let engine = try EngineServer()
        let origin = try ScriptedOrigin(Self.keyed)
        let larders = try SharingProcesses(
            before: origin, by: engine,
            environment: [
                "LARDER_FLEET_TIMEOUT": "10s", "LARDER_FLEET_CONNECT_TIMEOUT": "10s", "LARDER_TTL_USER": "1h",
                "LARDER_TTL_CATALOG": "1h", "LARDER_TTL_OPAQUE": "1h", "LARDER_TTL_MODEL": "1h",
            ])
        let front = try Front(before: larders, engine)
        for target in Self.targets {
            for larder in larders.all { #expect(try larder.get(target, Self.fields).status == 200) }
        }
        let fetches = origin.requests.count
        #expect(fetches == Self.targets.count)
        let load = Load(front, Self.targets, Self.fields)
        for index in larders.all.indices {
            try load.waitForAnswers(load.answers + 50)
            try larders.restart(index)
            for target in Self.targets {
                let answer = try larders[index].get(target, Self.fields)
                #expect(answer.isHit || answer.cacheStatus.contains("detail=fleet"), "\(answer.cacheStatus)")
            }
        }
        try load.waitForAnswers(load.answers + 50)
        load.end()
        let (statuses, errors) = load.state.withValue { ($0.statuses, $0.errors) }
        #expect(Set(statuses.keys) == [200] && errors.isEmpty, "\(statuses) \(errors.prefix(3))")
        #expect(origin.requests.count == fetches)
        try larders.end()
    }

    @Test func `through HAProxy a resource is fetched once per lifetime, and a purge and a refusal reach all`() throws {
        let engine = try EngineServer()
        let isRevoked = Monitor(false)
        let origin = try ScriptedOrigin { request in
            if request.path == "/api/v1/models/user" {
                return isRevoked.current ? Replies.error(401, "revoked") : Self.keyed(request)
            }
            return Replies.list(["made/number-\(request.number)"])
        }
        let larders = try SharingProcesses(
            before: origin, by: engine,
            environment: [
                "LARDER_FLEET_TIMEOUT": "10s", "LARDER_FLEET_CONNECT_TIMEOUT": "10s", "LARDER_TTL_CATALOG": "2s",
                "LARDER_TTL_USER": "10m",
            ])
        let front = try Front(before: larders, engine)
        try larders.purgeEverywhere()
        let clock = ContinuousClock()
        let began = clock.now
        let first = origin.count(of: "/api/v1/models")
        while origin.count(of: "/api/v1/models") < first + 4 { #expect(try front.get("/models").status == 200) }
        #expect(origin.count(of: "/api/v1/models") - first <= Int((clock.now - began) / .seconds(2)) + 1)

        let last = try #require(try front.get("/models").text.split(separator: "number-").last)
        let purge = try RawClient(port: front.port, timeout: .hang)
        defer { purge.close() }
        #expect(
            try purge.request("POST", "/_larder/purge?catalog=1").text.hasSuffix("{\"confirmed\":3,\"of\":3}}"))
        let old = "number-\(last.prefix { $0.isNumber })\""
        for larder in larders.all { #expect(try !larder.get("/models").text.contains(old)) }
        for _ in 0..<6 { #expect(try !front.get("/models").text.contains(old)) }

        for larder in larders.all { #expect(try larder.get("/models/user", Self.fields).status == 200) }
        isRevoked.withValue { $0 = true }
        #expect(
            try front.get("/models/user", ["Authorization": "Bearer anna", "Cache-Control": "no-cache"]).status == 401)
        for larder in larders.all {
            try eventually("the refusal") { try larder.get("/models/user", Self.fields).status == 401 }
        }
        for _ in 0..<6 { #expect(try front.get("/models/user", Self.fields).status == 401) }
        try larders.end()
    }

    @Test func `after a change no replica serves the old list longer than one lifetime`() throws {
        let engine = try EngineServer()
        let version = Monitor(1)
        let origin = try ScriptedOrigin { _ in Replies.list(["made/version-\(version.current)"]) }
        let larders = try SharingProcesses(
            before: origin, by: engine,
            environment: [
                "LARDER_FLEET_TIMEOUT": "10s", "LARDER_FLEET_CONNECT_TIMEOUT": "10s", "LARDER_TTL_CATALOG": "2s",
            ])
        for change in 2...4 {
            for larder in larders.all { #expect(try larder.get("/models").status == 200) }
            version.withValue { $0 = change }
            var old = Set(larders.all.indices)
            // The age of a copy counts from its fetch, wherever that was; it is written in whole seconds.
            try eventually("the new list on all", within: .hang) {
                for (index, larder) in larders.all.enumerated() {
                    let answer = try larder.get("/models")
                    let isNew = answer.text.contains("version-\(change)\"")
                    if isNew { old.remove(index) }
                    #expect(isNew || Int(answer.fields["Age"] ?? "0") ?? 0 <= 2, "\(answer.fields)")
                    #expect(isNew || old.contains(index), "the old list comes after the new one")
                }
                return old.isEmpty
            }
        }
        try larders.end()
    }
}
