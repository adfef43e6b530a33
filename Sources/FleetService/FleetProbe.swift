import Engine
import EventLoop
import Fleet

/// Whether this machine can be a replica: tries the engine step by step, for `larder doctor`.
package enum FleetProbe {
    /// What a step has found.
    package struct Finding: Sendable, Equatable {
        /// How bad it is.
        package enum Verdict: Sendable { case fine, warning, failure, skipped }

        package let verdict: Verdict
        /// What there is, and what to do about it. It contains no secret.
        package let text: String
    }

    /// Every finding. It writes one key of this fleet, which expires within a second.
    package static func findings(_ settings: FleetServiceSettings) -> [Finding] {
        let key = "larder:{\(settings.namespace.name)}:p:doctor"
        let channel = settings.namespace.news.name
        let commands = [
            ["SET", key, "1", "PX", "1000"], ["SET", key, "1", "PX", "1000", "NX"], ["GET", key], ["PTTL", key],
            ["PEXPIRE", key, "1000"], ["WATCH", key], ["UNWATCH"], ["MULTI"], ["EXEC"], ["DEL", key],
            ["PUBLISH", channel, "doctor"], ["PING"],
        ]
        let questions = [["TIME"], ["INFO", "memory"]]
        do throws(EngineProblem) {
            var findings: [Finding] = []
            var node: EngineAddress.Node?
            if case .sentinels(let sentinels, let master) = settings.address.place {
                (findings, node) = try ask(sentinels, for: master, settings.engine)
                if node == nil { return findings }
            }
            let replies: [EngineReply]
            switch try EngineProbe.run(settings.engine, at: node, commands + questions) {
            case .failed(let failure): return findings + [unreachable(failure)]
            case .replies(let all): replies = all
            }
            let how = settings.address.isSecure ? " with TLS" : ""
            let password = settings.password == nil ? "no password is used" : "the password is accepted"
            findings.append(Finding(verdict: .fine, text: "the engine answers\(how); \(password)"))
            var problems = zip(commands, replies).compactMap { command, reply -> String? in
                if case .failure(let error) = reply { "\(command[0]) (\(error))" } else { nil }
            }
            if case .failed(let failure) = try EngineProbe.run(settings.engine, at: node, [], isSubscription: true) {
                problems.append("SUBSCRIBE (\(failure))")
            }
            if problems.isEmpty {
                findings.append(Finding(verdict: .fine, text: "every command that a fleet needs is allowed"))
            } else {
                findings.append(
                    Finding(
                        verdict: .failure,
                        text: "the engine refuses \(problems.joined(separator: ", ")): docs/fleet.md has the rights"))
            }
            return findings + [
                clock(replies[commands.count], now: Int64(Loop.wallMilliseconds / 1_000)),
                eviction(replies[commands.count + 1]),
            ]
        } catch {
            return [Finding(verdict: .failure, text: "fleet.ca_file: \(error)")]
        }
    }

    /// Asks every Sentinel, since the next failover may need any of them. Returns the engine that the first one names.
    private static func ask(
        _ sentinels: [EngineAddress.Node], for master: String, _ engine: EngineSettings
    ) throws(EngineProblem) -> ([Finding], EngineAddress.Node?) {
        var named: [(sentinel: EngineAddress.Node, master: EngineAddress.Node)] = []
        var silent: [String] = []
        for sentinel in sentinels {
            switch try EngineProbe.master(master, by: sentinel, engine) {
            case .success(let node): named.append((sentinel, node))
            case .failure(let failure): silent.append("\(sentinel): \(failure)")
            }
        }
        guard let first = named.first else {
            let reasons = silent.joined(separator: "; ")
            return (
                [
                    Finding(
                        verdict: .failure,
                        text:
                            "no Sentinel names the engine \(master) (\(reasons)): check the addresses and the name in "
                            + "fleet.url, and whether the Sentinels run")
                ], nil
            )
        }
        var findings: [Finding] = []
        if !silent.isEmpty {
            findings.append(
                Finding(
                    verdict: .warning,
                    text: "\(silent.count) of \(sentinels.count) Sentinels cannot be asked "
                        + "(\(silent.joined(separator: "; "))): a failover needs most of them"))
        }
        let others = named.filter { $0.master != first.master }
        if others.isEmpty {
            let count = named.count == 1 ? "1 Sentinel names" : "\(named.count) Sentinels name"
            findings.append(Finding(verdict: .fine, text: "\(count) the engine \(first.master)"))
        } else {
            let all = named.map { "\($0.sentinel) names \($0.master)" }.joined(separator: ", ")
            findings.append(
                Finding(verdict: .warning, text: "the Sentinels do not agree (\(all)): a failover may be under way"))
        }
        return (findings, first.master)
    }

    private static func unreachable(_ failure: LinkFailure) -> Finding {
        let hint =
            switch failure {
            case .engine(.unauthorized): ": check fleet.username and fleet.password_file"
            case .connection(let text) where text.contains("secure"): ": check fleet.ca_file, and the name in fleet.url"
            case .connection, .timeout: ": check fleet.url, and whether the engine runs"
            case .engine, .nonsense: ""
            }
        return Finding(verdict: .failure, text: "the engine cannot be used: \(failure)\(hint)")
    }

    /// The answer to `TIME` beside this machine's clock.
    static func clock(_ reply: EngineReply, now: Int64) -> Finding {
        guard case .list(let parts) = reply, case .bytes(let text)? = parts.first,
            let seconds = Int64(String(decoding: text, as: UTF8.self))
        else { return Finding(verdict: .skipped, text: "the engine does not report its time: +time would allow it") }
        let skew = abs(now - seconds)
        guard skew > 60 else {
            return Finding(verdict: .fine, text: "the engine's clock is within a minute of this machine's")
        }
        return Finding(
            verdict: .warning,
            text: "the engine's clock is \(skew) s away from this machine's: ages of copies stay right, dates may not")
    }

    /// The answer to `INFO memory`: what the engine does when it is full.
    static func eviction(_ reply: EngineReply) -> Finding {
        guard case .bytes(let bytes) = reply else {
            return Finding(
                verdict: .skipped, text: "the engine does not report its eviction policy: +info would allow it")
        }
        var values: [Substring: Substring] = [:]
        let text = String(decoding: bytes, as: UTF8.self)
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { values[parts[0]] = parts[1] }
        }
        let policy = values["maxmemory_policy"] ?? "unknown"
        guard let limit = values["maxmemory"], limit != "0" else {
            return Finding(verdict: .fine, text: "the engine's memory has no limit (maxmemory 0)")
        }
        if policy == "noeviction" {
            return Finding(
                verdict: .warning,
                text: "maxmemory-policy is noeviction: when the engine is full, every replica is alone; "
                    + "set volatile-lru or allkeys-lru")
        }
        return Finding(verdict: .fine, text: "maxmemory-policy is \(policy)")
    }
}
