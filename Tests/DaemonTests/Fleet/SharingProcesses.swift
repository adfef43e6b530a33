import Foundation
import TestSupport
import Testing

/// The tests of a fleet that `make test-fleet` runs and `make test` does not: they take minutes.
enum WholeFleet {
    static let isTested = ProcessInfo.processInfo.environment["LARDER_TEST_FLEET"] != nil
    static let reason: Comment = "make test-fleet"
}

/// Several Larders that share copies through one engine, each in a process of its own.
final class SharingProcesses {
    private(set) var all: [LarderProcess] = []
    /// A port for each, also while it does not run.
    private let reservations: [(socket: TestSocket, port: UInt16)]
    private let arguments: [String]
    private let variables: [String: String]

    /// Starts `count` Larders before `origin`, and waits until each has the engine in use. `engine` has the file of the
    /// secret; `url` is for the replica with the number it gets.
    init(
        _ count: Int = 3, before origin: ScriptedOrigin, by engine: EngineServer, environment: [String: String] = [:],
        url: (Int) -> String
    ) throws {
        let secret = try SharingLarders.file(SharingLarders.secret, in: engine, "secret")
        arguments = ["--upstream", origin.url + "/api/v1"]
        variables = [
            "LARDER_FLEET_SECRET_FILE": secret, "LARDER_UPSTREAM_TIMEOUT": "60s", "LARDER_LOG_ACCESS": "false",
            "LARDER_STALE_WHILE_REVALIDATE": "0s", "LARDER_STALE_IF_ERROR": "0s",
        ].merging(environment) { $1 }
        reservations = try (0..<count).map { _ in try TestSocket.bound() }
        urls = (0..<count).map(url)
        for index in 0..<count { all.append(try start(index)) }
        try waitUntilUp()
    }

    /// The same, with a plain engine that all reach by its port.
    convenience init(
        _ count: Int = 3, before origin: ScriptedOrigin, by engine: EngineServer, environment: [String: String] = [:]
    ) throws {
        let port = engine.port
        try self.init(count, before: origin, by: engine, environment: environment) { _ in "redis://127.0.0.1:\(port)" }
    }

    private let urls: [String]

    private func start(_ index: Int) throws -> LarderProcess {
        try LarderProcess.serve(
            arguments + ["--listen", "127.0.0.1:\(reservations[index].port)"],
            environment: variables.merging(["LARDER_FLEET_URL": urls[index]]) { $1 })
    }

    subscript(index: Int) -> LarderProcess { all[index] }

    /// Ends a replica in good order, and starts it again on the same port.
    func restart(_ index: Int) throws {
        try all[index].end()
        all[index] = try start(index)
        try waitUntilUp()
    }

    func waitUntilUp() throws {
        for larder in all {
            try eventually("the engine in use", within: .hang) { try larder.fleet("state") == "\"up\"" }
        }
    }

    /// Waits until a resource that one replica fetches is taken by the next, for each of them.
    func waitUntilSharing() throws {
        for index in all.indices {
            try eventually("a copy of the fleet", within: .hang) {
                let target = "/model/some/model-\(UInt32.random(in: 0...UInt32.max)):nitro"
                guard try all[index].get(target).status == 200 else { return false }
                return try all[(index + 1) % all.count].get(target).cacheStatus == SharedFetchTests.fromFleet
            }
        }
    }

    /// Waits until a purge on this replica is confirmed by all.
    func purgeEverywhere(_ index: Int = 0) throws {
        try eventually("a purge that all confirm", within: .hang) {
            try all[index].purge("all=1").hasSuffix("\"replicas\":{\"confirmed\":\(all.count),\"of\":\(all.count)}}")
        }
    }

    func end() throws { for larder in all { try larder.end() } }
}

extension LarderProcess {
    /// A member of `fleet` in the status, as JSON.
    func fleet(_ name: String) throws -> String? { try get("/_larder/status").member(name, of: "fleet") }

    /// Purges, and returns the answer's body.
    func purge(_ query: String) throws -> String {
        let client = try RawClient(port: port, timeout: .hang)
        defer { client.close() }
        return try client.request("POST", "/_larder/purge?\(query)").text
    }

    /// One GET with a key.
    func get(_ target: String, key: String) throws -> RawResponse {
        try get(target, ["Authorization": "Bearer \(key)"])
    }

    /// The lines about the fleet, without the time.
    var fleetLines: [String] { child.lines().filter { $0.contains("fleet: ") } }
}

extension RawResponse {
    /// A member of an object in the status, as JSON.
    func member(_ name: String, of object: String) -> String? {
        guard
            let object = text.components(separatedBy: "\"\(object)\":{").dropFirst().first?.prefix(while: { $0 != "}" })
        else { return nil }
        return object.components(separatedBy: "\"\(name)\":").dropFirst().first?.components(separatedBy: ",")[0]
    }
}
