import Digest
package import Fleet
import FoundationEssentials

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
}
