import Digest
package import Fleet

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
