import Fleet
import TestSupport

// Events in their order, and the network.
extension World {
    mutating func happen(_ event: Event) {
        if let replica = target(of: event) {
            if replicas[replica].isDown { return }
            if replicas[replica].pausedSince != nil {
                replicas[replica].backlog.append(event)
                return
            }
        }
        switch event {
        case .step(let index):
            log?("\(now): \(scenario.steps[index].event)")
            begin(scenario.steps[index].event)
        case .faultEnds(let fault):
            log?("\(now): end of \(fault)")
            end(fault)
        case .poll(let replica):
            if replicas[replica].pausedSince == nil {
                for resource in Self.resources.indices { call(replica, resource, isDemanding: false) }
            }
            queue.add(.poll(replica), at: now + 1_000)
        case .command(let connection, let command): arrive(command, on: connection)
        case .reply(let connection, let reply):
            guard let replica = user(of: connection) else { return }
            log?("\(now): replica \(replica) gets \(reply)")
            let moment = moment(replica)
            perform(replicas[replica].member.received(reply, moment), replica)
        case .message(let connection, let bytes):
            guard let replica = user(of: connection) else { return }
            let moment = moment(replica)
            perform(replicas[replica].member.heard(bytes, moment), replica)
        case .connected(let connection):
            guard let replica = user(of: connection) else { return }
            let moment = moment(replica)
            perform(replicas[replica].member.connected(moment), replica)
        case .closed(let connection):
            guard let replica = user(of: connection) else { return }
            replicas[replica].connection = nil
            let moment = moment(replica)
            perform(replicas[replica].member.disconnected("the connection was reset", moment), replica)
        case .refused(let replica, let attempt):
            guard networks[replica].attempt == attempt, case .connecting = replicas[replica].member.link.state else {
                return
            }
            let moment = moment(replica)
            perform(replicas[replica].member.disconnected("connection refused", moment), replica)
        case .timer(let replica, let incarnation):
            guard replicas[replica].incarnation == incarnation else { return }
            if let at = replicas[replica].timerAt, at > now { return }
            replicas[replica].timerAt = nil
            let moment = moment(replica)
            perform(replicas[replica].member.timePassed(moment), replica)
        case .dropped(let replica, let incarnation, let id):
            guard replicas[replica].incarnation == incarnation else { return }
            dropped(replica, id)
        case .fetched(let replica, let incarnation, let ticket, let resource, let answer):
            guard replicas[replica].incarnation == incarnation else { return }
            fetched(replica, ticket, resource, answer)
        case .revive(let replica): revive(replica)
        }
    }

    /// The replica that sees an event, which waits if the replica is suspended.
    private func target(of event: Event) -> Int? {
        switch event {
        case .reply(let connection, _), .message(let connection, _), .connected(let connection),
            .closed(let connection):
            connections[connection].replica
        case .refused(let replica, _), .timer(let replica, _), .dropped(let replica, _, _),
            .fetched(let replica, _, _, _, _):
            replica
        case .step, .faultEnds, .poll, .command, .revive: nil
        }
    }

    /// The replica that still uses a connection.
    private func user(of connection: Int) -> Int? {
        let replica = connections[connection].replica
        return replicas[replica].connection == connection ? replica : nil
    }

    private mutating func dropped(_ replica: Int, _ id: UInt64) {
        guard let (scope, began) = replicas[replica].drops.removeValue(forKey: id) else { return }
        removeCopies(scope, replica)
        // The replica's own purge is confirmed by itself from now on.
        if let began { checks.confirms(replica, scope, began: began, now: now) }
        let moment = moment(replica)
        perform(replicas[replica].member.dropped(id, moment), replica)
    }

    private mutating func revive(_ replica: Int) {
        replicas[replica].isDown = false
        replicas[replica].member = member(replica, pending: replicas[replica].pending)
        queue.add(.timer(replica, incarnation: replicas[replica].incarnation), at: now)
    }

    // MARK: Steps

    private mutating func begin(_ event: Scenario.Event) {
        switch event {
        case .call(let replica, let resource, let isDemanding):
            guard replica < replicas.count, replicas[replica].pausedSince == nil else { return }
            call(replica, resource, isDemanding: isDemanding)
        case .purge(let replica, let scope):
            guard replica < replicas.count, replicas[replica].pausedSince == nil else { return }
            let scopes: [Scope] = [.all, .catalogue, .owner(Self.owners[0]), .owner(Self.owners[1])]
            purge(replica, scopes[scope])
        case .withdraw(let replica, let resource):
            guard replica < replicas.count, replicas[replica].pausedSince == nil else { return }
            withdraw(replica, resource)
        case .forget(let replica, let owner):
            guard replica < replicas.count, replicas[replica].pausedSince == nil else { return }
            removeCopies(.owner(Self.owners[owner]), replica)
            replicas[replica].member.forget(Self.owners[owner])
        case .change(let resource): upstream.versions[resource] += 1
        case .upstream(let mode, let lasts):
            upstream.mode = mode
            queue.add(.faultEnds(event), at: now + lasts)
        case .refuse(let owner, let lasts):
            upstream.refused.insert(owner)
            queue.add(.faultEnds(event), at: now + lasts)
        case .restartEngine(let lasts):
            engine.isDown = true
            engine.clear()
            checks.engineLost(nil, now)
            for connection in connections.indices where connections[connection].isOpen { close(connection) }
            queue.add(.faultEnds(event), at: now + lasts)
        case .engine(let mode, let lasts):
            engine.mode = mode
            queue.add(.faultEnds(event), at: now + lasts)
        case .evict(let number):
            if let key = engine.evict(number) { checks.engineLost(key, now) }
        case .cut(let replica, let toEngine, let toReplica, let loses, let lasts):
            guard replica < replicas.count else { return }
            if toEngine { networks[replica].cutToEngine = (now + lasts, loses) }
            if toReplica { networks[replica].cutToReplica = (now + lasts, loses) }
        case .news(let replica, let lost, let doubled, let late, let lasts):
            guard replica < replicas.count else { return }
            networks[replica].lost = lost
            networks[replica].doubled = doubled
            networks[replica].late = late
            queue.add(.faultEnds(event), at: now + lasts)
        case .pause(let replica, let lasts):
            guard replica < replicas.count, !replicas[replica].isDown, replicas[replica].pausedSince == nil else {
                return
            }
            replicas[replica].pausedSince = now
            queue.add(.faultEnds(event), at: now + lasts)
        case .kill(let replica, let lasts):
            guard replica < replicas.count, !replicas[replica].isDown else { return }
            if let connection = replicas[replica].connection { connections[connection].isOpen = false }
            replicas[replica].kill()
            queue.add(.revive(replica), at: now + lasts)
        }
    }

    private mutating func end(_ event: Scenario.Event) {
        switch event {
        case .upstream(let mode, _): if upstream.mode == mode { upstream.endMode(now) }
        case .refuse(let owner, _):
            upstream.refused.remove(owner)
            upstream.wasUnwellAt = now
        case .restartEngine: engine.isDown = false
        case .engine(let mode, _): if engine.mode == mode { engine.mode = nil }
        case .news(let replica, _, _, _, _):
            networks[replica].lost = 0
            networks[replica].doubled = 0
            networks[replica].late = 0
        case .pause(let replica, _): resume(replica)
        case .call, .purge, .withdraw, .forget, .change, .evict, .cut, .kill: break
        }
    }

    private mutating func resume(_ replica: Int) {
        guard let since = replicas[replica].pausedSince else { return }
        replicas[replica].pausedSince = nil
        for ticket in replicas[replica].callers.keys {
            for index in replicas[replica].callers[ticket, default: []].indices {
                replicas[replica].callers[ticket]?[index].stood += now - since
            }
        }
        let backlog = replicas[replica].backlog
        replicas[replica].backlog = []
        for event in backlog { happen(event) }
        replicas[replica].timerAt = now
        queue.add(.timer(replica, incarnation: replicas[replica].incarnation), at: now)
    }

    // MARK: The network

    private mutating func latency(_ stream: Int) -> UInt64 {
        streams[stream].percent(90) ? streams[stream].within(0...3) : streams[stream].within(0...40)
    }

    mutating func connect(_ replica: Int) {
        networks[replica].attempt += 1
        let network = networks[replica]
        let arrives = now + 2 * latency(Stream.toEngine + replica) + 1
        // A connection that cannot be made in either direction is not answered: the replica's time limit ends it.
        for cut in [network.cutToEngine, network.cutToReplica] {
            if let cut, now < cut.until { return }
        }
        if engine.isDown { return queue.add(.refused(replica: replica, attempt: network.attempt), at: arrives) }
        connections.append(Connection(replica: replica, incarnation: replicas[replica].incarnation))
        replicas[replica].connection = connections.count - 1
        connections[connections.count - 1].lastToReplica = arrives
        connections[connections.count - 1].lastToEngine = arrives
        queue.add(.connected(connections.count - 1), at: arrives)
    }

    mutating func disconnect(_ replica: Int) {
        guard let connection = replicas[replica].connection else { return }
        // The engine keeps what it watches for the connection until all that is on the way has come.
        connections[connection].isOpen = false
        replicas[replica].connection = nil
    }

    /// The engine closes a connection.
    private mutating func close(_ connection: Int) {
        connections[connection].isOpen = false
        engine.closed(connection)
        toReplica(.closed(connection), on: connection)
    }

    mutating func send(_ command: EngineCommand, _ replica: Int) {
        guard let connection = replicas[replica].connection else { return }
        if case .set(let key, let bytes, _, _) = command, key.name.contains(":b:"),
            String(decoding: bytes, as: UTF8.self).contains("of owner")
        {
            checks.violated(3, now, "a private list leaves replica \(replica) unencrypted")
        }
        var arrives = now + latency(Stream.toEngine + replica)
        if let cut = networks[replica].cutToEngine, now < cut.until {
            if cut.loses { connections[connection].losesToEngine = true } else { arrives += cut.until - now }
        }
        if connections[connection].losesToEngine { return }
        arrives = max(arrives, connections[connection].lastToEngine)
        connections[connection].lastToEngine = arrives
        queue.add(.command(connection, command), at: arrives)
    }

    private mutating func toReplica(_ event: Event, on connection: Int, delay: UInt64 = 0) {
        let replica = connections[connection].replica
        var arrives = now + latency(Stream.toReplica + replica) + delay
        if let cut = networks[replica].cutToReplica, now < cut.until {
            if cut.loses { connections[connection].losesToReplica = true } else { arrives += cut.until - now }
        }
        if connections[connection].losesToReplica { return }
        arrives = max(arrives, connections[connection].lastToReplica)
        connections[connection].lastToReplica = arrives
        queue.add(event, at: arrives)
    }

    /// A command reaches the engine.
    private mutating func arrive(_ command: EngineCommand, on connection: Int) {
        // What was on the way when a replica closed its end is still executed; what the engine has closed is not.
        guard !engine.isDown,
            connections[connection].isOpen || replicas[connections[connection].replica].connection != connection
        else { return }
        if engine.mode == .silent { connections[connection].losesToEngine = true }
        if connections[connection].losesToEngine { return }
        let subscribers = connections.count { $0.isOpen }
        var effects: [SimulatedEngine.Effect] = []
        let reply = engine.execute(
            command, from: connection, subscribers: subscribers, now: now, random: &streams[Stream.engine],
            effects: &effects)
        log?("\(now): engine, replica \(connections[connection].replica): \(command) -> \(reply)")
        if case .delete(let key) = command, case .number = reply { checks.recordDeleted(key, now) }
        for effect in effects { note(effect, from: connection) }
        var delay: UInt64 = 0
        if case .slow(let slowness) = engine.mode { delay = slowness }
        if connections[connection].isOpen { toReplica(.reply(connection, reply), on: connection, delay: delay) }
    }

    private mutating func note(_ effect: SimulatedEngine.Effect, from connection: Int) {
        let replica = connections[connection].replica
        switch effect {
        case .wrote(let key, let bytes, let expiresAt) where key.name.contains(":l:"):
            checks.leaseWritten(key, bytes, expiresAt: expiresAt, now: now)
        case .deleted(let key, let bytes) where key.name.contains(":l:"):
            let isSame = connections[connection].incarnation == replicas[replica].incarnation
            if isSame { checks.leaseDeleted(key, bytes, by: replicas[replica].member.name, now: now) }
        case .wrote(let key, let bytes, _) where key.name.contains(":g:"):
            let scopes: [Scope] = [.all, .catalogue] + Self.owners.map(Scope.owner)
            guard let scope = scopes.first(where: { namespace.generation($0) == key }),
                let generation = try? Generation(decoding: bytes), generation.keeps == 0
            else { return }
            let isPurge = replicas[replica].member.generations.isPending(scope)
            let began = isPurge ? replicas[replica].purgeBegan[scope] ?? now : now
            checks.generationRaised(scope, number: generation.number, began: began, by: replica, now: now)
        case .wrote(let key, let bytes, _) where key.name.contains(":c:"):
            guard let opened = seal.open(bytes, for: key), let record = try? CopyRecord(decoding: opened) else {
                return
            }
            checks.recordWritten(key, record, now)
        case .wrote, .deleted: break
        case .published(let bytes):
            if let opened = seal.open(bytes, for: namespace.news),
                case .withdrawn(let id, let number, _)? = try? News(decoding: opened), number > 0
            {
                checks.withdrawalNumbered(namespace.record(id), number)
            }
            for other in connections.indices where connections[other].isOpen { deliver(bytes, to: other) }
        }
    }

    /// A message goes to one subscriber: on a connection of its own, so it may come before or after replies.
    private mutating func deliver(_ bytes: [UInt8], to connection: Int) {
        let replica = connections[connection].replica
        let network = networks[replica]
        if connections[connection].losesToReplica { return }
        if let cut = network.cutToReplica, now < cut.until, cut.loses { return }
        let stream = Stream.news + replica
        for _ in 0..<(streams[stream].percent(network.doubled) ? 2 : 1) where !streams[stream].percent(network.lost) {
            var arrives = now + latency(stream)
            if streams[stream].percent(network.late) { arrives += streams[stream].within(0...3_000) }
            if let cut = network.cutToReplica, now < cut.until { arrives += cut.until - now }
            queue.add(.message(connection, bytes), at: arrives)
        }
    }
}
