public import Bytes

/// What a record is found by: a resource, and whose copy it is.
public struct RecordKey: Hashable, Sendable {
    /// The resource's name.
    public var resource: String
    /// Whose copy it is; empty for everyone's.
    public var owner: [UInt8]

    /// The key of an owner's copy; without an owner, of everyone's.
    public init(resource: String, owner: [UInt8] = []) {
        self.resource = resource
        self.owner = owner
    }
}

/// One response as it is kept: bytes that mean nothing to the store, and what it is found, judged and bounded by.
public struct StoredRecord: Sendable {
    /// What it is found by.
    public var key: RecordKey
    /// All that the caller wants to know beside the body.
    public var fields: SharedBytes
    /// Names the body, 32 bytes. Two records with one digest share one body, so it has to be the digest of all its bytes.
    public var digest: [UInt8]
    /// The body.
    public var body: SharedBytes
    /// When `prune` may take it away, in milliseconds of a clock that the caller defines.
    public var expires: Int64
    /// When it was stored or last confirmed, in milliseconds of the same clock. The oldest goes first when room is short.
    public var stored: Int64

    /// A record.
    public init(
        key: RecordKey, fields: SharedBytes, digest: [UInt8], body: SharedBytes, expires: Int64, stored: Int64
    ) {
        self.key = key
        self.fields = fields
        self.digest = digest
        self.body = body
        self.expires = expires
        self.stored = stored
    }

    /// What it counts for where bytes are bounded.
    var byteCount: Int { fields.count + body.count }
}

/// What a response that upstream confirmed has anew; its body stays.
public struct RecordUpdate: Sendable {
    /// Which record it is. If there is none, nothing happens.
    public var key: RecordKey
    /// The new fields.
    public var fields: SharedBytes
    /// See `StoredRecord.expires`.
    public var expires: Int64
    /// See `StoredRecord.stored`.
    public var stored: Int64

    /// An update.
    public init(key: RecordKey, fields: SharedBytes, expires: Int64, stored: Int64) {
        self.key = key
        self.fields = fields
        self.expires = expires
        self.stored = stored
    }

    func apply(to record: inout StoredRecord) {
        record.fields = fields
        record.expires = expires
        record.stored = stored
    }
}

/// Some named bytes that are written together with a change.
public struct Note: Sendable {
    /// The name. Those that begin with `store.` are the store's own.
    public var name: String
    /// The bytes.
    public var bytes: SharedBytes

    /// A note, which replaces any of the same name.
    public init(name: String, bytes: SharedBytes) {
        precondition(!name.hasPrefix("store."), "a name that is the store's own")
        self.name = name
        self.bytes = bytes
    }
}

/// A record in the list of all that is kept.
public struct KeptRecord: Equatable, Sendable {
    /// What it is found by.
    public var key: RecordKey
    /// See `StoredRecord.stored`.
    public var stored: Int64
    /// The size of fields and body.
    public var bytes: Int
}
