import Digest
import Engine
import EventLoop
package import Fleet
import FoundationEssentials
package import Settings
import Threads

/// One Larder's membership in a fleet: a thread with a loop of its own, `larder-fleet`, and messages to it.
///
/// No call waits. Answers come on the fleet's thread, by closures that pass them on to the loop that asked.
package final class FleetService: Sendable {
    private let mailbox: Mailbox<FleetMessage>
    private let thread: NamedThread
    private let shared: Mutex<FleetStatus>
    private let sealer: FleetSealer

    /// Starts the thread, which begins to connect. `report` is called there for each event. Fails if the CA file cannot
    /// be used; the engine need not be there.
    package init(
        _ settings: FleetServiceSettings, report: @escaping @Sendable (FleetEvent) -> Void
    ) throws(FleetProblem) {
        let shared = Mutex(FleetStatus())
        let started = Mutex<Result<Mailbox<FleetMessage>, FleetProblem>?>(nil)
        let thread: NamedThread
        do {
            thread = try NamedThread.start(name: "larder-fleet") {
                FleetThread.run(settings, shared, report: report) { result in started.change { $0 = result } }
            }
        } catch {
            throw FleetProblem(description: "no thread for the fleet: \(error)")
        }
        let result = started.wait { $0 }
        self.thread = thread
        self.shared = shared
        sealer = FleetSealer(settings.secret)
        guard let result else { throw FleetProblem(description: "the fleet's thread has ended") }
        mailbox = try result.get()
    }

    // MARK: What loops ask

    /// The identifier of a resource by its name, and by its owner if its copies are private.
    package func resource(_ name: [UInt8], owner: Identifier? = nil, isOfCatalogue: Bool = false) -> FleetResource {
        FleetResource(id: sealer.identifier(of: name, owner: owner), owner: owner, isOfCatalogue: isOfCatalogue)
    }

    /// The digest of a body, by which a want says that it is in memory.
    package func digest(of body: [UInt8], isPrivate: Bool) -> BodyDigest {
        sealer.digest(of: body, isPrivate: isPrivate)
    }

    /// A loop needs a resource. One of the answers comes in any case; after `fetch`, `completed` comes when `fetched` was
    /// called.
    package func want(
        _ resource: FleetResource, _ request: WantRequest, answer: @escaping @Sendable (FleetAnswer) -> Void
    ) {
        if !mailbox.send(.want(resource, request, answer)) { answer(.giveUp) }
    }

    /// A fetch has ended.
    package func fetched(_ ticket: Ticket, _ result: FetchResult) { mailbox.send(.fetched(ticket, result)) }

    /// Purges something on all members. `drop` is called first: remove the copies of this member, and then call `dropped`
    /// with its number. `done` gets the report within twice `fleet.timeout` after that.
    ///
    /// A key is known by a few digits only. If it has no copies here and was not used here, the others cannot be notified.
    package func purge(
        _ scope: PurgedScope, drop: @escaping @Sendable (UInt64) -> Void,
        done: @escaping @Sendable (PurgeReport) -> Void
    ) {
        if !mailbox.send(.purge(scope, drop: drop, done: done)) {
            drop(0)
            done(PurgeReport(confirmed: 1, members: nil))
        }
    }

    /// Upstream has refused this owner's key, and its copies are removed here.
    package func refused(_ owner: Identifier) { mailbox.send(.refused(owner)) }

    /// The copy of a resource may no longer be shared. `done` is called when the engine does not give it out any more, or
    /// cannot be reached.
    package func withdraw(_ resource: FleetResource, done: @escaping @Sendable () -> Void) {
        if !mailbox.send(.withdraw(resource, done)) { done() }
    }

    /// The removal that `FleetEvent.drop` asked for is done.
    package func dropped(_ number: UInt64) { mailbox.send(.dropped(number)) }

    /// A loop holds copies of this owner, which are removed if its key was refused.
    package func follow(_ owner: Identifier) { mailbox.send(.follow(owner)) }

    /// A loop that has called `follow` holds no copy of this owner any more.
    package func forget(_ owner: Identifier) { mailbox.send(.forget(owner)) }

    /// Takes over what another process has written to `pendingFile` since this one began: it still served then.
    package func readPending() { mailbox.send(.readPending) }

    // MARK: Status and end

    /// A copy of the status, for any thread.
    package var status: FleetStatus { shared.withLock { $0 } }

    /// Waits until the engine is in use. Returns nil then, or after the time the reason why it is not.
    package func waitUntilUp(_ time: Duration) -> String? {
        let status = shared.wait(until: .after(time)) { $0.isUp ? $0 : nil }
        if status != nil { return nil }
        return shared.withLock { $0.notice } ?? "fleet: the engine does not answer"
    }

    /// Waits until it is known what was purged, or until connecting has failed, for at most this time.
    package func waitUntilTried(_ time: Duration) {
        _ = shared.wait(until: .after(time)) { $0.knowsGenerations || $0.failures > 0 ? $0 : nil }
    }

    /// Ends the thread. Wants that are not answered get no answer any more. A second call does nothing.
    package func close() {
        mailbox.send(.stop)
        thread.join()
    }
}

/// The settings of a fleet's member.
package struct FleetServiceSettings: Sendable {
    package var address: EngineAddress
    package var username: String?
    package var password: [UInt8]?
    package var caFile: String?
    package var secret: FleetSecret
    package var namespace: Namespace
    package var limits: Limits
    /// The file that keeps, across a restart, what must still be sent to the engine; nil: it is not kept.
    package var pendingFile: String?
    /// The file that keeps the generations that copies on disk are at least as new as; nil: they are not known after a
    /// restart, and such copies are removed.
    package var numbersFile: String?

    package init(address: EngineAddress, secret: FleetSecret, namespace: Namespace, limits: Limits) {
        self.address = address
        self.secret = secret
        self.namespace = namespace
        self.limits = limits
    }

    /// Reads the files that the settings name. `upstream` is the base URL of upstream: members with another one share
    /// nothing with this one.
    package init(
        url: String, secretFile: String, passwordFile: String?, prefix: String, upstream: String, limits: Limits
    ) throws(FleetProblem) {
        do {
            address = try EngineAddress(url)
        } catch {
            throw FleetProblem(description: "fleet.url: \(error)")
        }
        do {
            secret = try FleetSecret(file: secretFile)
        } catch {
            throw FleetProblem(description: "\(error)")
        }
        do {
            let digest = SHA256.digest(of: Array(upstream.utf8).span)
            namespace = try Namespace(prefix: prefix, upstream: digest.words.0)
        } catch {
            throw FleetProblem(description: "\(error)")
        }
        self.limits = limits
        password = try passwordFile.map { path throws(FleetProblem) in try Self.password(path) }
    }

    /// The settings of a process; nil without an engine. Files are read.
    package init?(_ settings: Settings, isDemo: Bool) throws(FleetProblem) {
        let fleet = settings.fleet
        guard let url = fleet.url else { return nil }
        if let problem = fleet.problem { throw FleetProblem(description: problem) }
        try self.init(
            url: url, secretFile: fleet.secretFile ?? "", passwordFile: fleet.passwordFile, prefix: fleet.namespace,
            upstream: isDemo ? "demo" : settings.upstream.url,
            limits: Limits(
                upstreamTimeout: Self.milliseconds(settings.upstream.timeout),
                fleetTimeout: Self.milliseconds(fleet.timeout),
                connectTimeout: Self.milliseconds(fleet.connectTimeout), longestValue: fleet.maxValueBytes))
        username = fleet.username
        caFile = fleet.caFile
        limits.longestPause = Self.longestPause
    }

    /// The longest pause between two attempts to connect, in milliseconds: an engine that is back is used soon.
    private static let longestPause: UInt64 = 8_000

    private static func milliseconds(_ time: Duration) -> UInt64 { UInt64(clamping: Int64(time / .milliseconds(1))) }

    /// The settings of the link.
    var engine: EngineSettings {
        var engine = EngineSettings(address: address, channel: namespace.news)
        engine.username = username
        engine.password = password
        engine.caFile = caFile
        engine.connectTimeout = Int(clamping: limits.connectTimeout)
        engine.longestReply = limits.longestValue + (64 << 10)
        return engine
    }

    /// Reads the CA file too, if there is one.
    package func checked() throws(FleetProblem) {
        let loop = Loop()
        defer { loop.close() }
        do throws(EngineProblem) {
            try EngineLink(on: loop, engine).close()
            loop.run()
        } catch {
            throw FleetProblem(description: "fleet.ca_file: \(error)")
        }
    }

    /// A password without the line break at its end, which editors add.
    private static func password(_ path: String) throws(FleetProblem) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw FleetProblem(description: "fleet.password_file: \(path) cannot be read")
        }
        var bytes = Array(data)
        if bytes.last == 0x0a { bytes.removeLast() }
        if bytes.last == 0x0d { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.count <= 4_096 else {
            throw FleetProblem(description: "fleet.password_file: \(path) is empty or has more than 4096 bytes")
        }
        return bytes
    }
}

/// A member of a fleet could not be started.
package struct FleetProblem: Error, CustomStringConvertible {
    /// Names the setting. It contains no secret.
    package let description: String

    package init(description: String) { self.description = description }
}
