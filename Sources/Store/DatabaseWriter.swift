import Bytes

/// Keeps one database in a state directory working, whatever happens to its files. It belongs to one thread at a time.
///
/// Damaged files are set aside and replaced. Changes that cannot be written now are handed back, and retried later.
final class DatabaseWriter {
    private let directory: StateDirectory
    private let settings: StoreSettings
    private let file: DatabaseFile
    private let report: @Sendable (StoreEvent) -> Void

    /// The open database, if any.
    private var database: Database?
    /// Which file that is; nil when it is open for reading only, or not at all.
    private var writableFile: FileStatus?
    /// Whether the last batch of a history was dropped.
    private var isMissingHistory = false
    /// Whether the last attempt to write failed.
    private(set) var isFailing = false

    /// Whether a power failure could bring back records whose removal is written.
    var hasUnsyncedRemovals: Bool { database?.hasUnsyncedRemovals == true }

    /// Opens the database, or makes one. Only a database of a later release is refused. Any other problem is reported,
    /// and may go away.
    init(in directory: StateDirectory, _ settings: StoreSettings) throws(StoreError) {
        self.directory = directory
        self.settings = settings
        file = DatabaseFile(directory: directory.path)
        report = directory.report
        do throws(DatabaseProblem) {
            try prepareToWrite()
        } catch {
            if case .newer(let found, let known) = error { throw .newerSchema(found: found, known: known) }
            failed(error)
        }
    }

    /// Closes the database, moves the log's content into the main file, and releases the directory.
    func end() {
        close()
        directory.release()
    }

    private func close() {
        database = nil
        writableFile = nil
    }

    // MARK: Reading

    /// All stored records, newest first; empty if they cannot be read.
    func list() -> [KeptRecord] {
        reading { database throws(DatabaseProblem) in try database.list() } ?? []
    }

    /// A record as it will be once `waiting` is written.
    func read(_ key: RecordKey, before waiting: Backlog) -> StoredRecord? {
        switch waiting.prospect(of: key) {
        case .record(let record): return record
        case .gone: return nil
        case .asStored: return stored(key)
        case .updated(let updates):
            guard var record = stored(key) else { return nil }
            updates[record.digest]?.apply(to: &record)
            return record
        }
    }

    /// A note's bytes as they will be once `waiting` is written.
    func note(_ name: String, before waiting: Backlog) -> SharedBytes? {
        waiting.notes[name] ?? reading { database throws(DatabaseProblem) in try database.note(name) } ?? nil
    }

    /// What is asked of a history, without the batches that wait.
    func readHistory(_ name: String, _ read: HistoryRead) -> HistoryAnswer {
        let answer = reading { database throws(DatabaseProblem) in
            try database.readHistory(name, read, maximumBytes: settings.maximumHistoryBytes)
        }
        guard let answer else { return .unavailable }
        return answer.map { .found($0) } ?? .none
    }

    private func stored(_ key: RecordKey) -> StoredRecord? {
        reading { database throws(DatabaseProblem) in try database.read(key) } ?? nil
    }

    /// Damage found here is handled here.
    private func reading<Result>(_ body: (Database) throws(DatabaseProblem) -> Result) -> Result? {
        guard let database else { return nil }
        do throws(DatabaseProblem) {
            return try body(database)
        } catch .damaged(let reason) {
            do throws(DatabaseProblem) {
                try setAside(reason)
                try prepareToWrite()
            } catch {
                failed(error)
            }
        } catch .endless(let reason) {
            noteMissingHistory(reason)
        } catch {
            failed(error)
        }
        return nil
    }

    // MARK: Writing

    /// Writes changes. Returns the changes that could not be written, or nothing if all were.
    func write(_ changes: Backlog) -> Backlog? {
        var changes = changes
        for _ in 0..<3 {
            do throws(DatabaseProblem) {
                try write(&changes)
                succeeded()
                return nil
            } catch .damaged(let reason) {
                do throws(DatabaseProblem) {
                    try setAside(reason)
                    changes.forgetRemovals(databaseIsNew: true)
                } catch {
                    failed(error)
                    return changes
                }
            } catch {
                if case .newer = error {
                    // Its files are not ours to change.
                } else if !changes.history.isEmpty {
                    // Copies of responses matter more, and may need less room. What is different later is recorded then.
                    drop(changes.takeHistory(), because: error)
                    continue
                } else if changes.hasRemovals {
                    keepPromise(&changes, despite: error)
                }
                failed(error)
                return changes.isEmpty ? nil : changes
            }
        }
        // The new database did not accept them either.
        report(.dropped(records: changes.recordCount))
        for batch in changes.history { batch.reply(false) }
        return nil
    }

    private func drop(_ batches: [PendingBatch], because problem: DatabaseProblem) {
        for batch in batches { batch.reply(false) }
        noteMissingHistory(problem.reason)
    }

    private func noteMissingHistory(_ reason: String) {
        if !isMissingHistory { report(.historyDropped(reason: reason)) }
        isMissingHistory = true
    }

    private func write(_ changes: inout Backlog) throws(DatabaseProblem) {
        try prepareToWrite()
        if let reason = changes.setAside {
            try setAside(reason)
            changes.forgetRemovals(databaseIsNew: true)
            try prepareToWrite()
        }
        guard let database else { throw .unavailable("no database is open") }
        let written = try database.write(changes, settings)
        for (batch, isKept) in zip(changes.history, written.areKept) { batch.reply(isKept) }
        for update in written.missing { update.reportMissing() }
        if written.areKept.contains(true) { isMissingHistory = false }
        if !changes.damaged.isEmpty { report(.discarded(records: changes.damaged.count)) }
    }

    /// Removals could not be written with the rest. Alone, they may need less room, and the log's own room can be used
    /// again. If they still fail, all records are deleted: a removed entry must not come back.
    private func keepPromise(_ changes: inout Backlog, despite problem: DatabaseProblem) {
        if changes.setAside == nil, let database, writableFile != nil {
            let removals = changes.removalsAlone
            if isWritten(removals, to: database) || database.reuseLog() && isWritten(removals, to: database) {
                changes.forgetRemovals(databaseIsNew: false)
                return
            }
        }
        let notes = (try? database?.notes()) ?? []
        close()
        guard (try? directory.prepareForWriting()) != nil, (try? file.delete()) != nil else {
            try? openForReading(because: problem)
            return
        }
        changes.forgetRemovals(databaseIsNew: true)
        changes.keep(notes)
        report(.begunAnew(reason: problem.reason))
    }

    private func isWritten(_ changes: Backlog, to database: Database) -> Bool {
        (try? database.write(changes, settings)) != nil
    }

    // MARK: Opening

    /// Ensures that a database is open for writing, and that it is the one in the directory. If that fails, it throws;
    /// the existing data stays readable if possible.
    func prepareToWrite() throws(DatabaseProblem) {
        if !isFailing, let database, let mine = writableFile {
            if let there = file.status, there.isSame(as: mine) { return }
            database.abandon()
            report(.databaseGone)
        }
        close()
        do throws(DatabaseProblem) {
            do throws(DatabaseProblem) {
                try openForWriting()
            } catch .damaged(let reason) {
                try setAside(reason)
                try openForWriting()
            }
        } catch {
            if case .newer = error { throw error }
            try openForReading(because: error)
        }
    }

    private func openForWriting() throws(DatabaseProblem) {
        do throws(StoreError) {
            try directory.prepareForWriting()
        } catch {
            throw .unavailable("\(error)")
        }
        try file.check()
        try Database.refuseNewer(file.path, hasLog: file.hasLog, migrations: settings.migrations)
        try file.create(report: report)
        database = try Database.open(file.path, migrations: settings.migrations, patience: settings.patience)
        writableFile = file.status
    }

    /// Always throws: `newer` for a database of a later release, else `obstacle`.
    private func openForReading(because obstacle: DatabaseProblem) throws(DatabaseProblem) {
        close()
        guard file.status?.isFile == true else { throw obstacle }
        do throws(DatabaseProblem) {
            database = try .openForReading(
                file.path, hasLog: file.hasLog, migrations: settings.migrations, patience: settings.patience)
        } catch {
            if case .newer = error { throw error }
        }
        throw obstacle
    }

    private func setAside(_ reason: String) throws(DatabaseProblem) {
        close()
        guard file.status != nil else { return }
        report(.setAside(file: try file.setAside(keeping: settings.maximumDamaged), reason: reason))
    }

    // MARK: Reporting

    private func failed(_ problem: DatabaseProblem) {
        if !isFailing { report(.failing(reason: problem.reason)) }
        isFailing = true
    }

    private func succeeded() {
        if isFailing { report(.recovered) }
        isFailing = false
    }
}
