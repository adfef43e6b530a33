public import Bytes
import Glibc
import Pacing

/// Keeps rows of opaque bytes on the disk, on a thread of its own.
///
/// Every call but `close` can be made on a loop: it changes a list in memory under a short lock, and the thread does the
/// rest. Changes that follow each other closely are written together; a kill loses those that wait. A reader always finds
/// what was put before, written or not.
///
/// What goes wrong with the disk or the files is told to the directory's `report`, on the store's thread, and dealt with
/// there (`StoreEvent` says how); no call fails for it.
public final class Store: Sendable {
    private struct Read {
        let key: RecordKey
        let reply: @Sendable (StoredRecord?) -> Void
    }

    private struct State {
        var isStarted = false
        var isClosing = false
        var isClosed = false
        var backlog = Backlog()
        var reads: [Read] = []
        /// What the thread is writing at the moment, in bytes.
        var bytesInHand = 0
        /// How many records found no room, and were not reported yet.
        var dropped = 0
    }

    private let state = Guarded(State())
    private let settings: StoreSettings
    private let report: @Sendable (StoreEvent) -> Void
    /// It belongs to whoever opened the store until `start`, and then to the thread.
    private nonisolated(unsafe) let ownedKeeper: Keeper
    private var keeper: Keeper { unsafe ownedKeeper }

    /// Opens the database in a directory. It throws only for a database of a later release, which is left untouched; with
    /// any other trouble the store does what it can, and says so.
    public init(in directory: StateDirectory, settings: StoreSettings = StoreSettings()) throws(StoreError) {
        self.settings = settings
        report = directory.report
        unsafe ownedKeeper = try Keeper(in: directory, settings)
    }

    // MARK: Before `start`

    /// All that is kept, the newest first. Only before `start`.
    public func list() -> [KeptRecord] {
        requireNotStarted()
        return keeper.list()
    }

    /// One record, at once. Only before `start`.
    public func read(_ key: RecordKey) -> StoredRecord? {
        requireNotStarted()
        return keeper.read(key, before: state.withLock { $0.backlog })
    }

    /// The bytes of a note, at once. Only before `start`.
    public func note(_ name: String) -> SharedBytes? {
        requireNotStarted()
        return keeper.note(name, before: state.withLock { $0.backlog })
    }

    /// Starts the thread. Says the `errno` when the system has none to give, and then the store stays as it is.
    @discardableResult
    public func start() -> Int32 {
        requireNotStarted()
        state.withLock { $0.isStarted = true }
        let code = startStoreThread { [self] in
            Pace.begin()
            work()
        }
        if code != 0 { state.withLock { $0.isStarted = false } }
        return code
    }

    private func requireNotStarted() {
        precondition(!state.withLock { $0.isStarted }, "the store's thread is running")
    }

    // MARK: From any thread

    /// Keeps a record in place of any with its key, and a note with it. What finds no room among the bytes that wait, or
    /// could never be kept, is dropped and reported; an older record of that key stays.
    public func put(_ record: StoredRecord, note: Note? = nil) {
        let isTooLarge = record.byteCount > settings.maximumBytes && record.key.resource != settings.pinned
        state.change { state in
            let replaced = state.backlog.bytes(of: record.key)
            guard !isTooLarge, hasRoom(state, for: record.byteCount - replaced) else {
                state.dropped += 1
                return
            }
            if state.isClosing { return }
            state.backlog.put(record)
            if let note { state.backlog.writeNote(note) }
        }
    }

    /// Gives a record new fields and times, and writes a note with it.
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

    /// Removes all records of an owner. They are gone from the disk too, or all records are, as soon as it can be written.
    public func removeAll(owner: [UInt8]) { change { $0.removeAll(owner: owner) } }

    /// Removes all records. Notes stay.
    public func removeEverything() { change { $0.removeEverything() } }

    /// Sets the whole database aside as damaged: the caller found a record that is not what it once put.
    public func setAside(reason: String) { change { $0.setAside(reason) } }

    /// Keeps some named bytes, in place of any of that name. Meant for a few small ones: they are never dropped.
    public func writeNote(_ note: Note) { change { $0.writeNote(note) } }

    /// Removes the records that expire before a time.
    public func prune(expiredBefore time: Int64) { change { $0.prune(before: time) } }

    /// Looks for a record. `reply` is called on the store's thread, or at once after `close`, with nil.
    public func read(_ key: RecordKey, reply: @escaping @Sendable (StoredRecord?) -> Void) {
        let isTaken = state.change { state in
            if state.isClosing { return false }
            state.reads.append(Read(key: key, reply: reply))
            return true
        }
        if !isTaken { reply(nil) }
    }

    /// Writes all that waits and closes the database, and lets go of the directory; what is called later
    /// has no effect. Waits for that, but no longer
    /// than `deadline`, and says whether all was written. Not on a loop.
    @discardableResult
    public func close(deadline: Duration) -> Bool {
        let isLeftToUs = state.change { state in
            defer { state.isClosing = true }
            return !state.isStarted && !state.isClosing
        }
        if isLeftToUs { work() }
        return state.wait(until: monotonicTime(after: deadline)) { state in
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
        var dropped: Int
        var isLast: Bool
    }

    private func work() {
        var retry: timespec?
        var hasReportedDrops = false
        while true {
            // Nothing to be taken means that the time to try again has come.
            let wanted = state.wait(until: retry) { state in
                let hasWork = !state.reads.isEmpty || state.dropped > 0 || state.isClosing
                return hasWork || retry == nil && !state.backlog.isEmpty ? true : nil
            }
            let turn = state.withLock { take(&$0) }
            let isDue = wanted == nil || retry == nil || turn.isLast
            if turn.dropped > 0 && !hasReportedDrops {
                report(.dropped(records: turn.dropped))
                hasReportedDrops = true
            }
            for read in turn.reads { read.reply(keeper.read(read.key, before: turn.changes)) }
            var rest: Backlog? = turn.changes
            if isDue {
                if !turn.changes.isEmpty || keeper.isFailing { rest = keeper.write(turn.changes) }
                if !keeper.isFailing { hasReportedDrops = hasReportedDrops && turn.dropped > 0 }
            }
            if isDue || retry == nil { retry = keeper.isFailing ? monotonicTime(after: settings.retryPause) : nil }
            if turn.isLast { keeper.end() }
            state.change { state in
                giveBack(rest, &state)
                state.isClosed = turn.isLast
            }
            if turn.isLast { return }
        }
    }

    private func take(_ state: inout State) -> Turn {
        let turn = Turn(changes: state.backlog, reads: state.reads, dropped: state.dropped, isLast: state.isClosing)
        state.bytesInHand = state.backlog.bytes
        state.backlog = Backlog()
        state.reads = []
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
