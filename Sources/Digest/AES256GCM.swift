internal import CCrypto

/// AES-256-GCM (NIST SP 800-38D): encryption that also shows whether anything was altered.
///
/// A nonce must not be used twice under one key.
public struct AES256GCM: Sendable {
    /// In bytes.
    public static let keySize = 32
    /// In bytes.
    public static let nonceSize = 12
    /// In bytes.
    public static let tagSize = 16

    private let key: [UInt8]

    /// A key of 32 bytes.
    public init(key: [UInt8]) {
        precondition(key.count == Self.keySize, "a key of AES-256 has 32 bytes")
        self.key = key
    }

    /// A random nonce.
    public static func randomNonce() -> [UInt8] {
        var source = SystemRandomNumberGenerator()
        let words = [source.next() as UInt64, source.next()]
        return (0..<nonceSize).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64($0 % 8 * 8)) }
    }

    /// The encrypted bytes, then the tag. `context` is not encrypted, but must be the same to open them.
    public func seal(_ plain: [UInt8], context: [UInt8], nonce: [UInt8]) -> [UInt8] {
        let sealed = run(plain[...], context: context, nonce: nonce, tag: nil)
        guard let sealed else { preconditionFailure("libcrypto cannot encrypt") }
        return sealed
    }

    /// The bytes that were sealed with this context and nonce; nil if any of them was altered.
    public func open(_ sealed: ArraySlice<UInt8>, context: [UInt8], nonce: [UInt8]) -> [UInt8]? {
        guard sealed.count >= Self.tagSize, nonce.count == Self.nonceSize else { return nil }
        return run(
            sealed.dropLast(Self.tagSize), context: context, nonce: nonce, tag: Array(sealed.suffix(Self.tagSize)))
    }

    /// Decrypts and compares with `tag`, or encrypts without one.
    private func run(
        _ input: ArraySlice<UInt8>, context: [UInt8], nonce: [UInt8], tag: [UInt8]?
    ) -> [UInt8]? {
        precondition(nonce.count == Self.nonceSize, "a nonce has 12 bytes")
        guard let cipher = unsafe EVP_CIPHER_CTX_new() else { preconditionFailure("no memory for a cipher") }
        defer { unsafe EVP_CIPHER_CTX_free(cipher) }
        let encrypts: Int32 = tag == nil ? 1 : 0
        var output = [UInt8](repeating: 0, count: input.count + (tag == nil ? Self.tagSize : 0))
        var count: Int32 = 0
        guard unsafe EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), nil, key, nonce, encrypts) == 1 else { return nil }
        if !context.isEmpty {
            guard unsafe EVP_CipherUpdate(cipher, nil, &count, context, Int32(context.count)) == 1 else { return nil }
        }
        let done = unsafe output.withUnsafeMutableBufferPointer { target in
            unsafe input.withUnsafeBufferPointer { source in
                guard source.count > 0 else { return true }
                return unsafe EVP_CipherUpdate(
                    cipher, target.baseAddress, &count, source.baseAddress, Int32(source.count)) == 1
            }
        }
        guard done else { return nil }
        var rest = [UInt8](repeating: 0, count: 16)
        if var tag {
            guard unsafe EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagSize), &tag) == 1,
                unsafe EVP_CipherFinal_ex(cipher, &rest, &count) == 1
            else { return nil }
            return output
        }
        var made = [UInt8](repeating: 0, count: Self.tagSize)
        guard unsafe EVP_CipherFinal_ex(cipher, &rest, &count) == 1,
            unsafe EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagSize), &made) == 1
        else { return nil }
        output.replaceSubrange(input.count..., with: made)
        return output
    }
}

extension AES256GCM: CustomStringConvertible, CustomReflectable {
    /// A name and nothing of the key.
    public var description: String { "AES256GCM" }

    /// No children, for the same reason.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
