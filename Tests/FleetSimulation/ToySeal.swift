package import Fleet

/// Stands in for the real cryptography: it keeps the same promises against the simulator alone.
package struct ToySeal: Sealing {
    /// Whether a seal fits one key alone.
    package var bindsKeys: Bool
    private let secret: UInt64

    /// Seals under a secret.
    package init(secret: UInt64 = 0xF1EE7, bindsKeys: Bool = true) {
        self.secret = secret
        self.bindsKeys = bindsKeys
    }

    private func hash(_ bytes: [UInt8], _ start: UInt64) -> UInt64 {
        var hash = secret ^ start &* 0x9E37_79B9_7F4A_7C15
        var index = 0
        let count = bytes.count
        while index < count {
            hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3
            index += 1
        }
        hash = (hash ^ (hash >> 29)) &* 0xBF58_476D_1CE4_E5B9
        return hash ^ (hash >> 32)
    }

    private func tag(_ bytes: [UInt8], _ key: EngineKey) -> [UInt8] {
        let first = hash(bytes, bindsKeys ? hash(Array(key.name.utf8), 1) : 0)
        return [first, first &* 0x9E37_79B9_7F4A_7C15].flatMap { number in
            (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
    }

    private func veil(_ bytes: [UInt8]) -> [UInt8] {
        let stream = hash([], 3)
        return bytes.enumerated().map { $1 ^ UInt8(truncatingIfNeeded: stream >> (UInt64($0 % 8) * 8)) }
    }

    /// The bytes, then a tag of 16 bytes.
    package func seal(_ bytes: [UInt8], for key: EngineKey) -> [UInt8] { bytes + tag(bytes, key) }

    /// The bytes without the tag, if that fits.
    package func open(_ bytes: [UInt8], for key: EngineKey) -> [UInt8]? {
        guard bytes.count >= 16 else { return nil }
        let content = Array(bytes.dropLast(16))
        return Array(bytes.suffix(16)) == tag(content, key) ? content : nil
    }

    /// The body, veiled if it is private, and a digest of it.
    package func sealBody(_ bytes: [UInt8], isPrivate: Bool) -> (digest: BodyDigest, bytes: [UInt8]) {
        let first = hash(bytes, isPrivate ? 12 : 4)
        let numbers = (1...4).map { first &* (2 * $0 + 1) }
        let digest = BodyDigest(
            Identifier(high: numbers[0], low: numbers[1]), Identifier(high: numbers[2], low: numbers[3]))
        return (digest, isPrivate ? veil(bytes) : bytes)
    }

    /// The body, if it has this digest.
    package func openBody(_ bytes: [UInt8], digest: BodyDigest, isPrivate: Bool) -> [UInt8]? {
        let plain = isPrivate ? veil(bytes) : bytes
        return sealBody(plain, isPrivate: isPrivate).digest == digest ? plain : nil
    }
}
