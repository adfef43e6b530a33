package import Bytes
package import Caching
package import Catalog
import CatalogJSON
import Digest
import EventLoop
package import Fetching
import HTTPCore
package import Serving
package import Store
import Threads

/// The store in the state directory: writes the last good copies there and reads them back. It dates and seals them.
///
/// Every record has a seal over its whole content, made with the installation's secret. A copy with a broken seal is
/// never served but deleted. That says nothing about the others, which have seals of their own, or the history.
package final class EntryDatabase: EntryStore {
    private let store: Store
    private let sealer: Fingerprinter
    private let clock: StateClock
    /// The current settings.
    private let currentWindows: Mutex<StaleWindows>
    private var windows: StaleWindows { currentWindows.withLock { $0 } }
    package let names: EntryNames
    package let history: HistoryDatabase?

    private static let clockNote = "clock"

    /// The copies in `store`, sealed with the directory's `secret`. The clock continues from where the last
    /// process left it.
    package init(_ store: Store, secret: [UInt8], upstream: String, windows: StaleWindows, now: UInt64) {
        self.store = store
        names = EntryNames(upstream: upstream)
        history = HistoryDatabase(store, secret: secret, upstream: upstream)
        currentWindows = Mutex(windows)
        let sealer = Fingerprinter(secret: secret.span)
        self.sealer = sealer
        let note = store.note(Self.clockNote)
        let last = note.flatMap { Self.reading(of: $0, sealer) }
        if note != nil && last == nil { store.setAside(reason: "the clock record failed verification") }
        clock = StateClock(after: last, now: now, wall: Loop.wallMilliseconds)
    }

    package func take(_ windows: StaleWindows) { currentWindows.withLock { $0 = windows } }

    // MARK: Writing

    package func record(of entry: Entry, for key: RecordKey, body: SharedBytes) -> StoredRecord {
        let update = update(of: entry, key: key)
        return StoredRecord(
            key: key, fields: update.fields, digest: entry.metadata.digest, body: body, expires: update.expires,
            stored: update.stored)
    }

    private func update(of entry: Entry, key: RecordKey) -> RecordUpdate {
        let storedAt = clock.time(at: entry.freshness.storedAt)
        let fields = StateFields(entry, storedAt: storedAt).bytes
        return RecordUpdate(
            key: key, digest: entry.metadata.digest,
            fields: SharedBytes(fields + seal(key, entry.metadata.digest, fields)),
            expires: clock.time(at: entry.freshness.useEnds(windows)), stored: storedAt)
    }

    package func put(_ record: StoredRecord, now: UInt64) -> Bool { store.put(record, note: reading(at: now)) }

    package func confirm(
        _ entry: Entry, for key: RecordKey, now: UInt64, reportMissing: @escaping @Sendable () -> Void
    ) {
        var update = update(of: entry, key: key)
        update.reportMissing = reportMissing
        store.update(update, note: reading(at: now))
    }

    package func drop(_ key: RecordKey) { store.remove(key) }

    package func dropAll(of owner: Owner) { store.removeAll(owner: EntryNames.bytes(owner)) }

    package func dropEverything() { store.removeEverything() }

    package func afterDrops(reply: @escaping @Sendable (Bool) -> Void) { store.afterRemovals(reply: reply) }

    package func prune(now: UInt64) { store.prune(expiredBefore: clock.time(at: now)) }

    /// Writes the current clock readings, so that a restart knows how much time has passed.
    package func noteClock(now: UInt64) { store.writeNote(reading(at: now)) }

    package func close() { store.close(deadline: .seconds(5)) }

    // MARK: Reading

    /// The names of all stored copies, with their sizes in bytes; call it before the store is started.
    package func keysAtStart() -> [RecordKey: Int] {
        Dictionary(store.list().map { ($0.key, $0.bytes) }) { first, _ in first }
    }

    /// Reads a copy at once; call it before the store is started.
    package func readAtStart(_ resource: Resource, _ builder: EntryBuilder, now: UInt64) -> Entry? {
        let key = names.key(of: resource, owner: nil)
        guard let record = store.read(key) else { return nil }
        switch restore(resource, record, builder, beside: nil, now: now) {
        case .entry(let entry): return entry
        case .none: return nil
        case .damaged:
            store.discard(key)
            return nil
        }
    }

    /// Starts writing, and answering on other threads. False if the system has no thread for it.
    package func start() -> Bool { store.start() == 0 }

    package func look(for key: RecordKey, reply: @escaping @Sendable (StoredRecord?) -> Void) {
        store.read(key, reply: reply)
    }

    package func restore(
        _ resource: Resource, _ record: StoredRecord, _ builder: EntryBuilder, beside list: ModelList?, now: UInt64
    ) -> RestoredEntry {
        guard let fields = opened(record) else { return .damaged }
        guard let fields = StateFields(fields) else { return .none }
        // A copy dated in the future would never age.
        let copy = StateCopy(
            fields: fields, body: record.body, digest: record.digest,
            storedAt: min(clock.monotonic(at: fields.storedAt), now))
        guard fields.isShared == record.key.owner.isEmpty else { return .damaged }
        guard now < copy.freshness.useEnds(windows) else { return .none }
        do throws(CatalogError) {
            return try builder.restore(resource, copy, beside: list).map { .entry($0) } ?? .none
        } catch {
            // The seal is valid, so the data is as written: an earlier release accepted it, this one does not.
            return .none
        }
    }

    package func discard(_ key: RecordKey) { store.discard(key) }

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
        // No field value can begin like this, so a seal never equals the fingerprint of a key.
        sealed.append(0, 1)
        for part in [Array(key.resource.utf8), key.owner, digest, fields] { sealed.append(part) }
        return Self.seal(sealed.bytes, sealer)
    }

    private static func seal(_ bytes: [UInt8], _ sealer: Fingerprinter) -> [UInt8] {
        let words = sealer.fingerprint(bytes.span).words
        return EntryNames.bytes(Owner(high: words.high, low: words.low))
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
