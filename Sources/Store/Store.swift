public import Bytes
import Glibc
import Threads

/// Keeps rows of opaque bytes on the disk, on a thread of its own.
///
/// Every call but `close` can be made on a loop: it changes a list in memory under a short lock, and the thread does the
/// rest. Changes that follow each other closely are written together; a kill loses those that wait. A reader always finds
/// what was put before, written or not.
///
/// Problems with the disk or the files are reported to the directory's `report`, on the store's thread, and handled
/// there (`StoreEvent` documents how). No call fails because of them.
public final class Store: Sendable {
    private struct Read {
        let key: RecordKey
        let reply: @Sendable (StoredRecord?) -> Void
    }

    private struct HistoryReading {
        let name: String
        let read: HistoryRead
        let reply: @Sendable (HistoryAnswer) -> Void
    }

    /// Called when the earlier removals are durable (true), or cannot be made durable (false).
    private typealias Barrier = @Sendable (Bool) -> Void

    private struct State {
        var isStarted = false
        var isClosing = false
        var isClosed = false
        var backlog = Backlog()
        var reads: [Read] = []
        var histories: [HistoryReading] = []
        var barriers: [Barrier] = []
        /// What the thread is writing at the moment, in bytes.
        var bytesInHand = 0
        /// How many records were dropped for lack of room and not reported yet.
        var dropped = 0
    }

    private let state = Mutex(State())
    private let settings: StoreSettings
    private let report: @Sendable (StoreEvent) -> Void
    /// It belongs to the opener of the store until `start`, and then to the thread.
    private nonisolated(unsafe) let ownedWriter: DatabaseWriter
    private var writer: DatabaseWriter { unsafe ownedWriter }

    /// Opens the database in a directory. It throws only for a database of a later release, which is left untouched;
    /// after any other problem the store does what it can, and reports it.
    public init(in directory: StateDirectory, settings: StoreSettings = StoreSettings()) throws(StoreError) {
        self.settings = settings
        report = directory.report
        unsafe ownedWriter = try DatabaseWriter(in: directory, settings)
    }

    // MARK: Before `start`

    /// All that is kept, the newest first. Only before `start`.
    public func list() -> [KeptRecord] {
        requireNotStarted()
        return writer.list()
    }

    /// One record, at once. Only before `start`.
    public func read(_ key: RecordKey) -> StoredRecord? {
        requireNotStarted()
        return writer.read(key, before: state.withLock { $0.backlog })
    }

    /// The bytes of a note, at once. Only before `start`.
    public func note(_ name: String) -> SharedBytes? {
        requireNotStarted()
        return writer.note(name, before: state.withLock { $0.backlog })
    }

    /// Starts the thread. Returns the `errno` if the system cannot create one; the store then stays as it is.
    @discardableResult
    public func start() -> Int32 {
        requireNotStarted()
        state.withLock { $0.isStarted = true }
        do throws(ThreadError) {
            _ = try NamedThread.start(name: "larder-store") { [self] in
                Throttle.begin()
                work()
            }
            return 0
        } catch {
            state.withLock { $0.isStarted = false }
            return error.errno
        }
    }

    private func requireNotStarted() {
        precondition(!state.withLock { $0.isStarted }, "the store's thread is running")
    }

    // MARK: From any thread

    /// Stores a record, replacing any with its key, and a note with it. A record that exceeds the room for waiting
    /// bytes, or could never be stored, is dropped and reported; an older record of that key stays. Returns false if it
    /// was dropped.
    @discardableResult
    public func put(_ record: StoredRecord, note: Note? = nil) -> Bool {
        let isPinned = record.key.resource == settings.pinned && record.key.owner.isEmpty
        let isTooLarge = record.byteCount > settings.maximumBytes && !isPinned
        return state.change { state in
            let replaced = state.backlog.bytes(of: record.key)
            guard !isTooLarge, hasRoom(state, for: record.byteCount - replaced) else {
                state.dropped += 1
                return false
            }
            if state.isClosing { return false }
            state.backlog.put(record)
            if let note { state.backlog.writeNote(note) }
            return true
        }
    }

    /// Gives a record new fields and times, and writes a note with it. `RecordUpdate.reportMissing` says if there is
    /// none.
    public func update(_ update: RecordUpdate, note: Note? = nil) {
        state.change { state in
            guard hasRoom(state, for: update.fields.count) else {
                state.dropped += 1
                return
            }
            if state.isClosing { return }
            state.backlog.update(update)
            if let note { state.backlog.writeNote(note) }
        }
    }

    /// Removes a record.
    public func remove(_ key: RecordKey) { change { $0.remove(key) } }

    /// Removes all records of an owner. They, or else all records, are deleted from the disk too as soon as it can be
    /// written.
    public func removeAll(owner: [UInt8]) { change { $0.removeAll(owner: owner) } }

    /// Removes all records. Notes stay.
    public func removeEverything() { change { $0.removeEverything() } }

    /// Removes a record that differs from what was put, as its caller found. One that was put since stays.
    public func discard(_ key: RecordKey) { change { $0.discard(key) } }

    /// Sets the whole database aside as damaged: the caller found a record that differs from what it put.
    public func setAside(reason: String) { change { $0.setAside(reason) } }

    /// Stores some named bytes, replacing any of that name. Meant for a few small notes: they are never dropped.
    public func writeNote(_ note: Note) { change { $0.writeNote(note) } }

    /// Removes the records that expire before a time.
    public func prune(expiredBefore time: Int64) { change { $0.prune(before: time) } }

    /// Calls `reply` on the store's thread with true once no kill or power failure can undo any earlier removal. Calls
    /// it with false if the removals cannot be written, or the store is closed; they are still retried, as all changes
    /// are.
    public func afterRemovals(reply: @escaping @Sendable (Bool) -> Void) {
        let isTaken = state.change { state in
            if state.isClosing { return false }
            state.barriers.append(reply)
            return true
        }
        if !isTaken { reply(false) }
    }

    /// Looks for a record. `reply` is called on the store's thread, or at once after `close`, with nil.
    public func read(_ key: RecordKey, reply: @escaping @Sendable (StoredRecord?) -> Void) {
        let isTaken = state.change { state in
            if state.isClosing { return false }
            state.reads.append(Read(key: key, reply: reply))
            return true
        }
        if !isTaken { reply(nil) }
    }

    /// Adds a batch to a history. `reply` is called on the store's thread when the batch is written, or was found not to
    /// continue what is stored. Returns false, and does not call it, if there is no room for the batch.
    public func append(_ batch: HistoryBatch, reply: @escaping @Sendable (Bool) -> Void) -> Bool {
        state.change { state in
            guard !state.isClosing, hasRoom(state, for: batch.byteCount) else { return false }
            state.backlog.append(PendingBatch(batch: batch, reply: reply))
            return true
        }
    }

    /// Reads from a history as it is on the disk, with all earlier batches if they can be written. `reply` is called on
    /// the store's thread, or at once after `close`.
    public func readHistory(_ name: String, _ read: HistoryRead, reply: @escaping @Sendable (HistoryAnswer) -> Void) {
        let isTaken = state.change { state in
            if state.isClosing { return false }
            state.histories.append(HistoryReading(name: name, read: read, reply: reply))
            return true
        }
        if !isTaken { reply(.unavailable) }
    }

    /// Writes all pending changes, closes the database and releases the directory; later calls have no effect. Waits
    /// until that is done, but no longer than `deadline`, and returns whether all was written. Not on a loop.
    @discardableResult
    public func close(deadline: Duration) -> Bool {
        let isLeftToUs = state.change { state in
            defer { state.isClosing = true }
            return !state.isStarted && !state.isClosing
        }
        if isLeftToUs { work() }
        return state.wait(until: .after(deadline)) { state in
            state.isClosed ? state.backlog.isEmpty : nil
        } ?? false
    }

    private func change(_ body: (inout Backlog) -> Void) {
        state.change { state in if !state.isClosing { body(&state.backlog) } }
    }

    private func hasRoom(_ state: State, for more: Int) -> Bool {
        state.backlog.bytes + state.bytesInHand + more <= settings.maximumWaitingBytes
    }

    // MARK: The thread

    private struct Turn {
        var changes: Backlog
        var reads: [Read]
        var histories: [HistoryReading]
        var barriers: [Barrier]
        var dropped: Int
        var isLast: Bool
    }

    private func work() {
        var retry: Deadline?
        var hasReportedDrops = false
        while true {
            // If there is nothing to take, it is time to retry.
            let wanted = state.wait(until: retry ?? .never) { state in
                let hasWork =
                    !state.reads.isEmpty || !state.histories.isEmpty || !state.barriers.isEmpty || state.dropped > 0
                    || state.isClosing
                return hasWork || retry == nil && !state.backlog.isEmpty ? true : nil
            }
            var turn = state.withLock { take(&$0) }
            if !turn.barriers.isEmpty && writer.hasUnsyncedRemovals { turn.changes.awaitSync() }
            // A waiter for a removal must not get a failure that is seconds old.
            let isDue = wanted == nil || retry == nil || turn.isLast || !turn.barriers.isEmpty
            if turn.dropped > 0 && !hasReportedDrops {
                report(.dropped(records: turn.dropped))
                hasReportedDrops = true
            }
            for read in turn.reads { read.reply(writer.read(read.key, before: turn.changes)) }
            var rest: Backlog? = turn.changes
            if isDue {
                if !turn.changes.isEmpty || writer.isFailing { rest = writer.write(turn.changes) }
                if !writer.isFailing { hasReportedDrops = hasReportedDrops && turn.dropped > 0 }
            }
            if isDue || retry == nil { retry = writer.isFailing ? .after(settings.retryPause) : nil }
            for reading in turn.histories { reading.reply(writer.readHistory(reading.name, reading.read)) }
            for barrier in turn.barriers { barrier(rest?.hasRemovals != true) }
            if turn.isLast { writer.end() }
            state.change { state in
                giveBack(rest, &state)
                state.isClosed = turn.isLast
            }
            if turn.isLast { return }
        }
    }

    private func take(_ state: inout State) -> Turn {
        let turn = Turn(
            changes: state.backlog, reads: state.reads, histories: state.histories, barriers: state.barriers,
            dropped: state.dropped, isLast: state.isClosing)
        state.bytesInHand = state.backlog.bytes
        state.backlog = Backlog()
        state.reads = []
        state.histories = []
        state.barriers = []
        state.dropped = 0
        return turn
    }

    private func giveBack(_ rest: Backlog?, _ state: inout State) {
        state.bytesInHand = 0
        guard var rest, !rest.isEmpty else { return }
        rest.append(state.backlog)
        state.backlog = rest
    }
}

/// The bounds of a store.
public struct StoreSettings: Sendable {
    /// The maximum size of bodies and fields together, in bytes. The oldest records are removed first.
    public var maximumBytes = 256 << 20
    /// How many records there may be.
    public var maximumRecords = 4096
    /// The resource whose shared record is never evicted to make room. Each owner has one of its own, so those are not exempt.
    public var pinned: String?
    /// How many bytes may wait in memory for a disk that is slow or full.
    public var maximumWaitingBytes = 32 << 20
    /// How large a history should be, in bytes. `StoredHistory.surplusUntil` says what is too much.
    public var maximumHistoryBytes = 64 << 20
    /// The pause between two attempts to write pending changes.
    public var retryPause: Duration = .seconds(5)
    /// How many damaged databases are kept beside the one in use.
    public var maximumDamaged = 3
    var migrations = Migration.all
    /// How long a statement may take, in batches of steps (see `Connection`); nil for as long as the size of the
    /// database explains.
    var patience: Int?

    /// The default bounds.
    public init() {}
}

/// Why the state could not be opened.
public enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another process uses this directory.
    case inUse(path: String)
    /// The directory, or the secret in it, can neither be read nor created.
    case unusable(path: String, reason: String)
    /// A later release wrote the database: its schema has the version `found`, and this one knows up to `known`.
    case newerSchema(found: Int, known: Int)

    /// A sentence for the one line that an operator reads.
    public var description: String {
        switch self {
        case .inUse(let path): "the state directory \(path) is in use by another process"
        case .unusable(let path, let reason): "the state directory cannot be used: \(path): \(reason)"
        case .newerSchema(let found, let known):
            "the state was written by a newer release: its schema is version \(found), this release knows \(known)"
        }
    }
}

/// What the store did by itself or could not do, and an operator should know.
///
/// No case holds anything of a record.
public enum StoreEvent: Equatable, Sendable, CustomStringConvertible {
    /// A damaged file was renamed to `file` in the same directory, and a new one replaced it.
    case setAside(file: String, reason: String)
    /// This many records differed from what was put, and were deleted. The others stay, as do the histories.
    case discarded(records: Int)
    /// Changes cannot be written. They wait and are retried until `recovered`.
    case failing(reason: String)
    /// The waiting changes are written.
    case recovered
    /// This many records were dropped: too many bytes wait for the disk already, or the records are larger than the
    /// whole store.
    case dropped(records: Int)
    /// Changes of a history could not be written, or the history could not be read, for this reason. Reported once
    /// until some can be written.
    case historyDropped(reason: String)
    /// All records were deleted, because some entries that had to be removed could not be, for this reason.
    case begunAnew(reason: String)
    /// The database file was missing, and a new one was created.
    case databaseGone
    /// The installation's secret was not of the right size. It was renamed to `file`, and a new one was generated.
    case secretReplaced(file: String)
    /// A file could be read or written by other users. It no longer can, or `isMended` is false.
    case loosePermissions(file: String, isMended: Bool)

    /// Whether changes cannot be written because the disk, or the user's part of it, is full.
    public var isAboutFullDisk: Bool {
        guard case .failing(let reason) = self else { return false }
        return [systemText(ENOSPC), systemText(EDQUOT), DatabaseProblem.full].contains { reason.contains($0) }
    }

    /// A sentence for the log.
    public var description: String {
        switch self {
        case .setAside(let file, let reason): "the database was damaged (\(reason)); renamed it to \(file)"
        case .discarded(1): "a stored copy was damaged; deleted it, and kept the others and the history"
        case .discarded(let records):
            "\(records) stored copies were damaged; deleted them, and kept the others and the history"
        case .failing(let reason): "cannot write the state directory: \(reason); retrying"
        case .recovered: "the state directory can be written again"
        case .dropped(let records): "\(records) responses were not stored on disk: too many changes are waiting"
        case .historyDropped(let reason): "changes of the catalogue were not recorded: \(reason)"
        case .begunAnew(let reason):
            "cannot delete some copies from disk (\(reason)), so all copies there were deleted"
        case .databaseGone: "the database file was missing; created a new one"
        case .secretReplaced(let file): "the secret had the wrong size; renamed it to \(file) and created a new one"
        case .loosePermissions(let file, true): "other users had access to \(file); fixed its permissions"
        case .loosePermissions(let file, false): "other users can write to \(file)"
        }
    }
}
