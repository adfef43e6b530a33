/// The bounds of a store.
public struct StoreSettings: Sendable {
    /// What bodies and fields may take together, in bytes. The oldest records go first.
    public var maximumBytes = 256 << 20
    /// How many records there may be.
    public var maximumRecords = 4096
    /// The resource whose records are never taken away for want of room.
    public var pinned: String?
    /// How many bytes may wait in memory for a disk that is slow or full.
    public var maximumWaitingBytes = 32 << 20
    /// The pause between two attempts to write what could not be written.
    public var retryPause: Duration = .seconds(5)
    /// How many damaged databases are kept beside the one in use.
    public var maximumDamaged = 3
    var migrations = Migration.all

    /// The default bounds.
    public init() {}
}
