import Bytes
import Caching
import Catalog
import Digest
import EventLoop
import HTTPCore
import Serving
import Store

/// Writes the last good copies to the state directory and reads them back: names them, dates and seals them.
///
/// Everything that is written bears a seal under the installation's secret over all that it says. A copy whose seal is broken is
/// never served: the database is set aside as damaged.
final class StateKeeper: Sendable {
    private let store: Store
    private let sealer: Fingerprinter
    private let clock: StateClock
    /// What the settings say now.
    private let currentWindows: Guarded<StaleWindows>
    private var windows: StaleWindows { currentWindows.withValue { $0 } }
    /// What every resource is a resource of.
    private let upstream: String

    private static let clockNote = "clock"

    /// A keeper of what `store` holds, under the directory's `secret`. The clock goes on from where the last process left it.
    init(_ store: Store, secret: [UInt8], upstream: String, windows: StaleWindows, now: UInt64) {
        self.store = store
        self.upstream = upstream
        currentWindows = Guarded(windows)
        let sealer = Fingerprinter(secret: secret.span)
        self.sealer = sealer
        let note = store.note(Self.clockNote)
        let last = note.flatMap { Self.reading(of: $0, sealer) }
        if note != nil && last == nil { store.setAside(reason: "the clock's seal is broken") }
        clock = StateClock(after: last, now: now, wall: Loop.wallMilliseconds)
    }

    /// Dates what is kept and read from now on by these.
    func take(_ windows: StaleWindows) { currentWindows.withValue { $0 = windows } }

    // MARK: Names

    /// The name of a resource in the database.
    private func name(of resource: Resource) -> String {
        Self.name(of: resource, upstream: upstream)
    }

    static func name(of resource: Resource, upstream: String) -> String {
        "\(upstream) \(resource.kind.rawValue) \(resource.upstreamTarget)"
    }

    /// What the copy for everyone is found by, or the one of an owner.
    func key(of resource: Resource, owner: Owner?) -> RecordKey {
        RecordKey(resource: name(of: resource), owner: owner.map(Self.bytes) ?? [])
    }

    private static func bytes(_ owner: Owner) -> [UInt8] {
        bytes(owner.high, owner.low)
    }

    private static func bytes(_ words: UInt64...) -> [UInt8] {
        var out = StateWriter()
        for word in words { out.append(word, 8) }
        return out.bytes
    }

    // MARK: Writing

    /// The record of a response that has come, or nil if it is not to be written. For the thread pool: it copies nothing large, but
    /// seals.
    func record(of entry: Entry, for resource: Resource, owner: Owner, body: SharedBytes) -> StoredRecord? {
        guard entry.status == .ok, entry.freshness.staleUse != .never,
            !entry.received.cacheControl.flags.contains(.noStore)
        else { return nil }
        let key = key(of: resource, owner: entry.isShared ? nil : owner)
        let update = update(of: entry, key: key)
        return StoredRecord(
            key: key, fields: update.fields, digest: entry.received.digest, body: body, expires: update.expires,
            stored: update.stored)
    }

    private func update(of entry: Entry, key: RecordKey) -> RecordUpdate {
        let storedAt = clock.time(at: entry.freshness.storedAt)
        let fields = StateFields(entry, storedAt: storedAt).bytes
        return RecordUpdate(
            key: key, fields: SharedBytes(fields + seal(key, entry.received.digest, fields)),
            expires: clock.time(at: entry.freshness.useEnds(windows)), stored: storedAt)
    }

    /// Keeps a response.
    func keep(_ record: StoredRecord, now: UInt64) { store.put(record, note: reading(at: now)) }

    /// Keeps that upstream has confirmed one.
    func confirm(_ entry: Entry, for resource: Resource, owner: Owner, now: UInt64) {
        let key = key(of: resource, owner: entry.isShared ? nil : owner)
        store.update(update(of: entry, key: key), note: reading(at: now))
    }

    /// Ends the copy of an owner, or that for everyone.
    func remove(_ resource: Resource, owner: Owner?) { store.remove(key(of: resource, owner: owner)) }

    /// Ends one copy.
    func remove(_ key: RecordKey) { store.remove(key) }

    /// Whether a purge concerns a copy.
    func covers(_ purge: Purge, _ key: RecordKey) -> Bool {
        switch purge {
        case .all: return true
        case .key(let number):
            var owner = StateReader(key.owner)
            return owner.number(4) == number
        case .catalog:
            return [Resource.Kind.catalog, .facet].contains { key.resource.hasPrefix("\(upstream) \($0.rawValue) ") }
        }
    }

    /// Ends all copies of an owner.
    func removeAll(of owner: Owner) { store.removeAll(owner: Self.bytes(owner)) }

    /// Ends all copies.
    func removeEverything() { store.removeEverything() }

    /// Drops what can be served no more.
    func prune(now: UInt64) { store.prune(expiredBefore: clock.time(at: now)) }

    /// Writes down what the clocks show, so that a restart knows how much time has passed.
    func noteClock(now: UInt64) { store.writeNote(reading(at: now)) }

    /// Writes what waits. It takes a moment, so not on a loop that serves.
    func close() { store.close(deadline: .seconds(5)) }

    // MARK: Reading

    /// What reading a record came to.
    enum Reading {
        case entry(Entry)
        /// There is none, or none that can be served.
        case none
        /// It is not what was written.
        case damaged
    }

    /// What is kept, the newest first; before the store is started.
    func keysAtStart() -> Set<RecordKey> { Set(store.list().map(\.key)) }

    /// Reads a copy at once, before the store is started.
    func readAtStart(_ resource: Resource, _ builder: EntryBuilder, now: UInt64) -> Entry? {
        let key = key(of: resource, owner: nil)
        guard let record = store.read(key) else { return nil }
        switch read(resource, record, builder, beside: nil, now: now) {
        case .entry(let entry): return entry
        case .none: return nil
        case .damaged:
            store.setAside(reason: "a copy's seal is broken")
            return nil
        }
    }

    /// Begins to write and to answer from other threads. False if the system has no thread for it.
    func start() -> Bool { store.start() == 0 }

    /// Has a copy looked up; `reply` is called on the store's thread.
    func look(for key: RecordKey, reply: @escaping @Sendable (StoredRecord?) -> Void) { store.read(key, reply: reply) }

    /// Makes an entry of a record again. It takes milliseconds, so not on a loop that serves.
    func read(
        _ resource: Resource, _ record: StoredRecord, _ builder: EntryBuilder, beside list: ModelList?, now: UInt64
    ) -> Reading {
        guard let fields = opened(record) else { return .damaged }
        guard let fields = StateFields(fields) else { return .none }
        // A copy from the future would never age.
        let copy = StateCopy(
            fields: fields, body: record.body, digest: record.digest,
            storedAt: min(clock.monotonic(at: fields.storedAt), now))
        guard fields.isShared == record.key.owner.isEmpty else { return .damaged }
        guard now < copy.freshness.useEnds(windows) else { return .none }
        do throws(CatalogError) {
            return try builder.restore(resource, copy, beside: list).map { .entry($0) } ?? .none
        } catch {
            // The seal holds, so it is what was written: an earlier release took it for good, this one does not.
            return .none
        }
    }

    /// Sets the database aside: something in it is not what was written.
    func reportDamage() { store.setAside(reason: "a copy's seal is broken") }

    // MARK: Seals

    private static let sealSize = 16

    private func opened(_ record: StoredRecord) -> [UInt8]? {
        let sealed = record.fields.span.copied()
        guard sealed.count >= Self.sealSize, SHA256.digest(of: record.body.span).bytes == record.digest else {
            return nil
        }
        let fields = Array(sealed.dropLast(Self.sealSize))
        return seal(record.key, record.digest, fields) == Array(sealed.suffix(Self.sealSize)) ? fields : nil
    }

    private func seal(_ key: RecordKey, _ digest: [UInt8], _ fields: [UInt8]) -> [UInt8] {
        var sealed = StateWriter()
        // No field value can begin like this, so no seal is ever the fingerprint of a key.
        sealed.append(0, 1)
        for part in [Array(key.resource.utf8), key.owner, digest, fields] { sealed.append(part) }
        return Self.seal(sealed.bytes, sealer)
    }

    private static func seal(_ bytes: [UInt8], _ sealer: Fingerprinter) -> [UInt8] {
        let words = sealer.fingerprint(bytes.span).words
        return Self.bytes(words.high, words.low)
    }

    // MARK: The clock

    private func reading(at now: UInt64) -> Note {
        var out = StateWriter()
        out.append(1, 1)
        out.append(clock.time(at: now))
        out.append(Loop.wallMilliseconds)
        return Note(name: Self.clockNote, bytes: SharedBytes(out.bytes + Self.seal([0] + out.bytes, sealer)))
    }

    private static func reading(of note: SharedBytes, _ sealer: Fingerprinter) -> StateClock.Reading? {
        let all = note.span.copied()
        let bytes = Array(all.dropLast(sealSize))
        guard seal([0] + bytes, sealer) == Array(all.suffix(sealSize)) else { return nil }
        var reader = StateReader(bytes)
        guard reader.number(1) != nil, let state = reader.signed(), let wall = reader.signed(), reader.isAtEnd else {
            return nil
        }
        return StateClock.Reading(state: state, wall: wall)
    }
}
