public import Bytes

/// The key of a record: a resource, and the owner of the copy.
public struct RecordKey: Hashable, Sendable {
    /// The resource's name.
    public var resource: String
    /// The owner of the copy; empty for the shared copy.
    public var owner: [UInt8]

    /// The key of an owner's copy; without an owner, of everyone's.
    public init(resource: String, owner: [UInt8] = []) {
        self.resource = resource
        self.owner = owner
    }
}

/// One response as it is kept: bytes that are opaque to the store, with its key, its times and its size.
public struct StoredRecord: Sendable {
    /// What it is found by.
    public var key: RecordKey
    /// All that the caller needs besides the body.
    public var fields: SharedBytes
    /// Names the body, 32 bytes. Two records with one digest share one body, so it must be the digest of all its bytes.
    public var digest: [UInt8]
    /// The body.
    public var body: SharedBytes
    /// When `prune` may remove it, in milliseconds of a clock that the caller defines.
    public var expires: Int64
    /// When it was stored or last revalidated, in milliseconds of the same clock. The oldest is removed first when the
    /// store is full.
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

    /// The size that counts towards the limits.
    var byteCount: Int { fields.count + body.count }
}

/// The new fields and times of a response that upstream revalidated; its body stays.
public struct RecordUpdate: Sendable {
    /// Which record it is.
    public var key: RecordKey
    /// The digest of the body that was confirmed. If the record has another body, it stays as it is: the fields do not
    /// belong to that one.
    public var digest: [UInt8]
    /// The new fields.
    public var fields: SharedBytes
    /// See `StoredRecord.expires`.
    public var expires: Int64
    /// See `StoredRecord.stored`.
    public var stored: Int64
    /// Called on the store's thread if there is no such record with this body when the update is written. The record
    /// must then be put as a whole. An update that was dropped, or merged with other changes, says nothing.
    public var reportMissing: @Sendable () -> Void = {}

    /// An update.
    public init(key: RecordKey, digest: [UInt8], fields: SharedBytes, expires: Int64, stored: Int64) {
        self.key = key
        self.digest = digest
        self.fields = fields
        self.expires = expires
        self.stored = stored
    }

    func apply(to record: inout StoredRecord) {
        guard record.digest == digest else { return }
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
