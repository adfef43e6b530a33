package import Digest
package import Fleet
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

/// The cryptography of a fleet.
///
/// Records and messages are encrypted with AES-256-GCM under a key for the one name that they belong to. A body that all
/// callers share is kept as it is, and its SHA-256 in the sealed record shows whether it was altered. A private body is
/// encrypted, and its digest is an HMAC.
package struct FleetSealer: Sealing {
    private let secret: FleetSecret
    private let bodyDigests: Fingerprinter
    private let bodies: AES256GCM
    private let resources: Fingerprinter

    package init(_ secret: FleetSecret) {
        self.secret = secret
        bodyDigests = secret.bodyFingerprinter
        bodies = secret.bodyCipher
        resources = secret.resourceFingerprinter
    }

    /// The first byte of what is sealed: which kind of seal it is.
    private static let version: UInt8 = 1

    /// The identifier of a resource, from its name and, if its copies are private, its owner.
    package func identifier(of resource: [UInt8], owner: Identifier?) -> Identifier {
        let text = Array((owner.map { "\($0.hex) " } ?? "shared ").utf8) + resource
        let words = resources.fingerprint(text.span).words
        return Identifier(high: words.high, low: words.low)
    }

    package func seal(_ bytes: [UInt8], for key: EngineKey) -> [UInt8] {
        let nonce = AES256GCM.randomNonce()
        let sealed = secret.cipher(for: key).seal(bytes, context: [Self.version], nonce: nonce)
        return [Self.version] + nonce + sealed
    }

    package func open(_ bytes: [UInt8], for key: EngineKey) -> [UInt8]? {
        guard bytes.first == Self.version, bytes.count >= 1 + AES256GCM.nonceSize + AES256GCM.tagSize else {
            return nil
        }
        let nonce = Array(bytes[1...AES256GCM.nonceSize])
        return secret.cipher(for: key).open(
            bytes[(1 + AES256GCM.nonceSize)...], context: [Self.version], nonce: nonce)
    }

    package func sealBody(_ bytes: [UInt8], isPrivate: Bool) -> (digest: BodyDigest, bytes: [UInt8]) {
        let digest = digest(of: bytes, isPrivate: isPrivate)
        guard isPrivate else { return (digest, bytes) }
        let nonce = AES256GCM.randomNonce()
        return (digest, nonce + bodies.seal(bytes, context: Array(digest.hex.utf8), nonce: nonce))
    }

    package func openBody(_ bytes: [UInt8], digest: BodyDigest, isPrivate: Bool) -> [UInt8]? {
        var plain = bytes
        if isPrivate {
            let nonce = Array(bytes.prefix(AES256GCM.nonceSize))
            guard
                let opened = bodies.open(
                    bytes.dropFirst(AES256GCM.nonceSize), context: Array(digest.hex.utf8), nonce: nonce)
            else { return nil }
            plain = opened
        }
        return self.digest(of: plain, isPrivate: isPrivate) == digest ? plain : nil
    }

    /// The digest of a body, without the body as the engine keeps it.
    package func digest(of bytes: [UInt8], isPrivate: Bool) -> BodyDigest {
        let digest = isPrivate ? bodyDigests.digest(of: bytes.span) : SHA256.digest(of: bytes.span)
        let words = digest.words
        return BodyDigest(Identifier(high: words.0, low: words.1), Identifier(high: words.2, low: words.3))
    }
}
