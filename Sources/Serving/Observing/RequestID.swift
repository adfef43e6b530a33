import Bytes

/// The identifier of one request: in its line of the access log, in its response, and on its way to upstream. It is the
/// caller's own if that is safe to log, else one of this process. It is stored in place, so it costs no allocation.
public struct RequestID: Sendable {
    /// The most bytes of a caller's identifier.
    static let longest = 64

    private var bytes = InlineArray<64, UInt8>(repeating: 0)
    private var count: Int

    /// An identifier of this process: 16 hexadecimal digits.
    public init(_ number: UInt64) {
        count = 16
        for index in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(60 - index * 4) & 15)
            bytes[index] = digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ digit &- 10
        }
    }

    /// A caller's identifier. Nil if it is empty, longer than 64 bytes, or contains anything but letters, digits and
    /// `-._~:+/=@`; and if it looks like a key, since it is logged.
    public init?(callers value: Span<UInt8>) {
        guard !value.isEmpty, value.count <= Self.longest, !value.starts(with: "sk-") else { return nil }
        count = value.count
        for index in 0..<value.count {
            let byte = value[index]
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="),
                UInt8(ascii: "@"):
                bytes[index] = byte
            default: return nil
            }
        }
    }

    /// Calls `body` with the identifier.
    public func withSpan<Result>(_ body: (Span<UInt8>) -> Result) -> Result { body(bytes.span.extracting(0..<count)) }

    /// The identifier as text.
    public var text: String { withSpan { $0.text() } }
}

/// Makes the identifiers of a loop's requests. They need not be secret, only different, so no system call is made for
/// each of them (SplitMix64).
public struct RequestNumbers: Sendable {
    private var state: UInt64

    /// Starts at a random number.
    public init(seed: UInt64 = .random(in: 0 ... .max)) { state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
