import Foundation
import Settings
import TestSupport
import Testing

/// Several whole Larders that share copies through one engine, in the test's own process.
struct SharingLarders {
    let all: [LiveLarder]

    subscript(index: Int) -> LiveLarder { all[index] }

    /// The secret that they share.
    static let secret = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

    /// Starts `count` Larders before `origin`, waits until the engine is in use by all unless `waits` is false, runs `body`
    /// with them, and ends them.
    static func serving<Value>(
        _ count: Int = 3, before origin: ScriptedOrigin, by engine: EngineServer, waits: Bool = true,
        _ change: (inout Settings, Int) -> Void = { _, _ in }, _ body: (SharingLarders) throws -> Value
    ) throws -> Value {
        let file = try file(secret, in: engine, "secret")
        func start(_ started: [LiveLarder]) throws -> Value {
            guard started.count < count else {
                let larders = SharingLarders(all: started)
                if waits { try larders.waitUntilUp() }
                return try body(larders)
            }
            return try LiveLarder.serving(
                before: origin,
                { settings in
                    settings.fleet.url = "redis://127.0.0.1:\(engine.port)"
                    settings.fleet.secretFile = file
                    // Nothing in a test depends on their end, unless it says so.
                    settings.fleet.timeout = .seconds(60)
                    settings.fleet.connectTimeout = .seconds(60)
                    settings.upstream.timeout = .hang
                    settings.ttl.catalog = .seconds(3600)
                    settings.ttl.user = .seconds(3600)
                    settings.ttl.opaque = .seconds(3600)
                    settings.ttl.model = .seconds(3600)
                    change(&settings, started.count)
                },
                { try start(started + [$0]) })
        }
        return try start([])
    }

    /// Limits for tests in which the engine does not answer.
    static func quick(_ settings: inout Settings) {
        settings.fleet.timeout = .milliseconds(300)
        settings.fleet.connectTimeout = .milliseconds(300)
    }

    /// Writes a file into the engine's folder, which goes with it.
    static func file(_ text: String, in engine: EngineServer, _ name: String) throws -> String {
        let path = engine.folder + "/" + name
        try Data((text + "\n").utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Waits until the engine is in use by all, and each knows of all.
    func waitUntilUp() throws {
        for larder in all {
            try eventually("the engine in use", within: .hang) { try larder.fleet("state") == "\"up\"" }
        }
    }
}

extension LiveLarder {
    /// A member of `fleet` in the status, as JSON.
    func fleet(_ name: String) throws -> String? { try get("/_larder/status").member(name, of: "fleet") }

    /// Purges, and returns the answer's body.
    func purge(_ query: String) throws -> String { try request("POST", "/_larder/purge?\(query)").text }
}

extension EngineServer {
    /// The names of all keys.
    func keys() throws -> [String] { try command("KEYS", "*").split(separator: "\n").map(String.init) }

    /// Waits until it has the connections of so many replicas: it may not have noticed yet that others have ended.
    func waitForReplicas(_ count: Int) throws {
        try eventually("\(count) replicas") {
            try command("CLIENT", "LIST", "TYPE", "pubsub").split(separator: "\n").count == count
        }
    }

    /// How many commands it has executed.
    func commandCount() throws -> Int {
        let line = try command("INFO", "stats").split(whereSeparator: \.isNewline).first {
            $0.hasPrefix("total_commands_processed:")
        }
        return Int(try #require(line).dropFirst("total_commands_processed:".count)) ?? 0
    }
}
