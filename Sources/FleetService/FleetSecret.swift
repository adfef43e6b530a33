package import Digest
import Fleet
import FoundationEssentials

/// What all members of a fleet share and nobody else knows. Every key of the fleet is derived from it.
package struct FleetSecret: Sendable {
    /// Why a secret cannot be used.
    package enum Problem: Error, Equatable, CustomStringConvertible {
        case unreadable(String)
        case tooShort(Int)
        case tooLong(Int)
        case isUniform

        package var description: String {
            switch self {
            case .unreadable(let path): "fleet.secret_file: \(path) cannot be read"
            case .tooShort(let count): "fleet.secret_file has \(count) bytes, fewer than \(FleetSecret.shortest)"
            case .tooLong(let count): "fleet.secret_file has \(count) bytes, more than \(FleetSecret.longest)"
            case .isUniform: "fleet.secret_file repeats one byte: make it with `openssl rand -hex 32`"
            }
        }
    }

    /// In bytes.
    package static let shortest = 32
    static let longest = 64 << 10

    /// The keys. Each has a label of its own, so that none says anything about another.
    private enum Purpose: String {
        case seals, bodies, digests, owners, resources
    }

    /// The pseudorandom key from which all others are derived.
    private let root: [UInt8]

    /// A secret of 32 bytes or more. A text loses the line break at its end, which editors add.
    package init(_ bytes: [UInt8]) throws(Problem) {
        var bytes = bytes
        if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f || $0 == 0x0a || $0 == 0x0d }) {
            while let last = bytes.last, last == 0x0a || last == 0x0d { bytes.removeLast() }
        }
        guard bytes.count >= Self.shortest else { throw .tooShort(bytes.count) }
        guard bytes.count <= Self.longest else { throw .tooLong(bytes.count) }
        guard Set(bytes).count > 1 else { throw .isUniform }
        root = HKDF.extract(salt: Array("larder fleet 1".utf8).span, secret: bytes.span)
    }

    /// Reads the secret from a file.
    package init(file path: String) throws(Problem) {
        guard let data = FileManager.default.contents(atPath: path) else { throw .unreadable(path) }
        try self.init(Array(data))
    }

    private func key(_ purpose: Purpose, _ detail: String = "") -> [UInt8] {
        HKDF.expand(root, label: Array("\(purpose.rawValue) \(detail)".utf8), count: 32)
    }

    /// Identifies callers' keys: the same on every member.
    package var ownerFingerprinter: Fingerprinter { Fingerprinter(secret: key(.owners).span) }

    /// Identifies resources.
    var resourceFingerprinter: Fingerprinter { Fingerprinter(secret: key(.resources).span) }

    /// Makes the digests of private bodies.
    var bodyFingerprinter: Fingerprinter { Fingerprinter(secret: key(.digests).span) }

    /// Encrypts private bodies.
    var bodyCipher: AES256GCM { AES256GCM(key: key(.bodies)) }

    /// Encrypts the value of one key of the engine, so that random nonces of one key alone must differ.
    func cipher(for name: EngineKey) -> AES256GCM { AES256GCM(key: key(.seals, name.name)) }
}

extension FleetSecret: CustomStringConvertible, CustomReflectable {
    /// A name and nothing of the secret.
    package var description: String { "FleetSecret" }

    /// No children, for the same reason.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
