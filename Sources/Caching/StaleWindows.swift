/// How long a copy is still of use after it has become stale (RFC 5861), in milliseconds.
public struct StaleWindows: Sendable, Equatable {
    /// It is served at once while one refresh runs behind it, `stale.while_revalidate`.
    public var whileRevalidate: UInt64
    /// It is served when upstream fails, `stale.if_error`.
    public var ifError: UInt64

    /// The defaults are those of the settings.
    public init(whileRevalidate: UInt64 = 3_600_000, ifError: UInt64 = 86_400_000) {
        self.whileRevalidate = whileRevalidate
        self.ifError = ifError
    }

    /// No use at all.
    public static let none = StaleWindows(whileRevalidate: 0, ifError: 0)
}

/// What one copy may be used for once it is stale, each use more than the one before it.
public enum StaleUse: UInt8, Sendable, Comparable {
    /// For nothing: a refusal, or what upstream wants to be asked about each time.
    case never
    /// In place of an error.
    case onError
    /// While it is refreshed, too.
    case always

    /// The order of the cases.
    public static func < (one: StaleUse, other: StaleUse) -> Bool { one.rawValue < other.rawValue }
}
