import Digest
import Engine
import EventLoop
package import Fleet
import FoundationEssentials
package import Settings

/// The settings of a fleet's member.
package struct FleetServiceSettings: Sendable {
    package var address: EngineAddress
    package var username: String?
    package var password: [UInt8]?
    package var caFile: String?
    package var secret: FleetSecret
    package var namespace: Namespace
    package var limits: Limits
    /// The file that keeps what the engine must still be told across a restart; nil: it is not kept.
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
