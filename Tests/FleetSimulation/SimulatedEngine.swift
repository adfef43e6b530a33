import Fleet
import TestSupport

/// An engine that speaks the commands that the fleet uses. One command is executed at a time.
struct SimulatedEngine {
    private struct Value {
        var bytes: [UInt8]
        var expiresAt: UInt64
        var version: UInt64
    }

    /// What a command did that the checks want to know.
    enum Effect {
        case wrote(EngineKey, [UInt8], expiresAt: UInt64)
        case deleted(EngineKey, [UInt8])
        case published([UInt8])
    }

    private var values: [EngineKey: Value] = [:]
    private(set) var writes: UInt64 = 0
    /// The watched keys of each connection, with their versions.
    private var watches: [Int: [EngineKey: UInt64]] = [:]
    var mode: Scenario.EngineMode?
    var isDown = false
    var rules: Rules

    init(rules: Rules) { self.rules = rules }

    mutating func clear() {
        values = [:]
        watches = [:]
        writes += 1
    }

    mutating func closed(_ connection: Int) { watches[connection] = nil }

    /// Evicts a key; nil if there is none.
    mutating func evict(_ number: UInt64) -> EngineKey? {
        let keys = values.keys.sorted { $0.name < $1.name }
        guard !keys.isEmpty else { return nil }
        // Generations are few, and the worst to lose.
        let generations = keys.filter { $0.name.contains(":g:") }
        let pool = number % 2 == 0 && !generations.isEmpty ? generations : keys
        let key = pool[Int(number / 2 % UInt64(pool.count))]
        writes += 1
        values[key] = nil
        return key
    }

    private mutating func live(_ key: EngineKey, _ now: UInt64) -> Value? {
        guard let value = values[key] else { return nil }
        if now < value.expiresAt { return value }
        values[key] = nil
        writes += 1
        return nil
    }

    private mutating func version(_ key: EngineKey, _ now: UInt64) -> UInt64 { live(key, now)?.version ?? 0 }

    /// Executes a command. `subscribers`: how many get a message.
    mutating func execute(
        _ command: EngineCommand, from connection: Int, subscribers: Int, now: UInt64, random: inout SeededGenerator,
        effects: inout [Effect]
    ) -> EngineReply {
        if mode == .loading { return .failure(.loading) }
        switch command {
        case .get(let key):
            if mode == .lying { return lie(about: key, now, &random) }
            return live(key, now).map { .bytes($0.bytes) } ?? .nothing
        case .remaining(let key):
            guard let value = live(key, now) else { return .number(-2) }
            if !rules.engineTellsAge, key.name.contains(":c:") { return .number(-1) }
            return .number(Int64(value.expiresAt - now))
        case .set(let key, let bytes, let milliseconds, let onlyIfAbsent):
            if let refusal = refusal(isGrowing: true) { return refusal }
            if onlyIfAbsent, live(key, now) != nil, rules.leasesExclude { return .nothing }
            writes += 1
            values[key] = Value(bytes: bytes, expiresAt: now + milliseconds, version: writes)
            effects.append(.wrote(key, bytes, expiresAt: now + milliseconds))
            return .done
        case .expire(let key, let milliseconds):
            if let refusal = refusal(isGrowing: false) { return refusal }
            guard live(key, now) != nil else { return .number(0) }
            writes += 1
            values[key]?.expiresAt = now + milliseconds
            values[key]?.version = writes
            return .number(1)
        case .delete(let key):
            if let refusal = refusal(isGrowing: false) { return refusal }
            guard let value = live(key, now) else { return .number(0) }
            if !rules.withdrawalsDelete, key.name.contains(":c:") { return .number(1) }
            values[key] = nil
            writes += 1
            effects.append(.deleted(key, value.bytes))
            return .number(1)
        case .watch(let key):
            watches[connection, default: [:]][key] = version(key, now)
            return .done
        case .unwatch:
            watches[connection] = nil
            return .done
        case .transaction(let commands):
            return transaction(
                commands, from: connection, subscribers: subscribers, now: now, random: &random, effects: &effects)
        case .publish(let bytes):
            effects.append(.published(bytes))
            return .number(Int64(subscribers))
        }
    }

    private mutating func transaction(
        _ commands: [EngineCommand], from connection: Int, subscribers: Int, now: UInt64, random: inout SeededGenerator,
        effects: inout [Effect]
    ) -> EngineReply {
        let watched = watches.removeValue(forKey: connection) ?? [:]
        // What a real engine refuses when the command is queued makes EXEC do nothing.
        for case .set in commands {
            if refusal(isGrowing: true) != nil { return .failure(.other("EXECABORT")) }
        }
        if refusal(isGrowing: false) != nil { return .failure(.other("EXECABORT")) }
        for (key, version) in watched where self.version(key, now) != version && rules.comparisonsHold {
            return .nothing
        }
        return .list(
            commands.map {
                execute(
                    $0, from: connection, subscribers: subscribers, now: now, random: &random, effects: &effects)
            })
    }

    private func refusal(isGrowing: Bool) -> EngineReply? {
        switch mode {
        case .readOnly: .failure(.readOnly)
        case .full where isGrowing: .failure(.outOfMemory)
        default: nil
        }
    }

    /// Another key's value, a part of the true one, an altered one, or the true one.
    private mutating func lie(about key: EngineKey, _ now: UInt64, _ random: inout SeededGenerator) -> EngineReply {
        guard let value = live(key, now) else { return .nothing }
        // What decides about leases and generations is not sealed: an engine that lies about those costs fetches.
        guard key.name.contains(":c:") || key.name.contains(":b:") else { return .bytes(value.bytes) }
        let kind = key.name.contains(":c:") ? ":c:" : ":b:"
        switch random.index(4) {
        case 0:
            let others = values.keys.filter { $0.name.contains(kind) && $0 != key }.sorted { $0.name < $1.name }
            guard !others.isEmpty else { return .nothing }
            return values[others[random.index(others.count)]].map { .bytes($0.bytes) } ?? .nothing
        case 1: return .bytes(Array(value.bytes.prefix(random.index(value.bytes.count))))
        case 2:
            var bytes = value.bytes
            bytes[random.index(bytes.count)] ^= UInt8(1 + random.index(255))
            return .bytes(bytes)
        default: return .bytes(value.bytes)
        }
    }
}
