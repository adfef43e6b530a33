import Bytes

/// Keeps one database in a state directory going, whatever happens to its files. It belongs to one thread at a time.
///
/// Damaged files are set aside for new ones. What cannot be written now is handed back, and comes again after a while.
final class Keeper {
    private let directory: StateDirectory
    private let settings: StoreSettings
    private let file: DatabaseFile
    private let report: @Sendable (StoreEvent) -> Void

    /// The open database, if any.
    private var database: Database?
    /// Which file that is; nil when it is open for reading only, or not at all.
    private var writableFile: FileStatus?
    /// Whether the last attempt to write failed.
    private(set) var isFailing = false

    /// Opens the database, or makes one. Only one of a later release is refused; whatever else is in the way is reported,
    /// and may pass.
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

    /// Closes the database, with all that the log holds moved into the main file, and lets go of the directory.
    func end() {
        close()
        directory.release()
    }

    private func close() {
        database = nil
        writableFile = nil
    }

    // MARK: Reading

    /// Everything that is kept, the newest first; nothing when it cannot be read.
    func list() -> [KeptRecord] {
        reading { database throws(DatabaseProblem) in try database.list() } ?? []
    }

    /// A record as it will be when `waiting` is written.
    func read(_ key: RecordKey, before waiting: Backlog) -> StoredRecord? {
        switch waiting.prospect(of: key) {
        case .record(let record): return record
        case .gone: return nil
        case .asStored: return stored(key)
        case .updated(let update):
            guard var record = stored(key) else { return nil }
            update.apply(to: &record)
            return record
        }
    }

    /// A note's bytes as they will be when `waiting` is written.
    func note(_ name: String, before waiting: Backlog) -> SharedBytes? {
        waiting.notes[name] ?? reading { database throws(DatabaseProblem) in try database.note(name) } ?? nil
    }

    private func stored(_ key: RecordKey) -> StoredRecord? {
        reading { database throws(DatabaseProblem) in try database.read(key) } ?? nil
    }

    /// Damage that comes to light here is dealt with here.
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
        } catch {
            failed(error)
        }
        return nil
    }

    // MARK: Writing

    /// Writes changes. What could not be written is handed back, and nothing when all was.
    func write(_ changes: Backlog) -> Backlog? {
        var changes = changes
        for _ in 0..<2 {
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
                } else if changes.hasRemovals {
                    keepPromise(&changes, despite: error)
                }
                failed(error)
                return changes.isEmpty ? nil : changes
            }
        }
        // A database made a moment ago did not take them either.
        report(.dropped(records: changes.recordCount))
        return nil
    }

    private func write(_ changes: inout Backlog) throws(DatabaseProblem) {
        try prepareToWrite()
        if let reason = changes.setAside {
            try setAside(reason)
            changes.forgetRemovals(databaseIsNew: true)
            try prepareToWrite()
        }
        guard let database else { throw .unavailable("no database is open") }
        try database.write(changes, settings)
    }

    /// Removals cannot be written with the rest. Without the rest they may need less room; and if they do not go even so,
    /// every copy goes, since that a removed entry does not come back counts for more.
    private func keepPromise(_ changes: inout Backlog, despite problem: DatabaseProblem) {
        if changes.setAside == nil, let database, writableFile != nil {
            if (try? database.write(changes.removalsAlone, settings)) != nil {
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

    // MARK: Opening

    /// Sees to it that a database is open for writing, and that it is the one that lies in the directory. When none can be
    /// had, it throws, and what there is can be read if at all possible.
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
        database = try Database.open(file.path, migrations: settings.migrations)
        writableFile = file.status
    }

    /// Always throws the obstacle, but for a database of a later release.
    private func openForReading(because obstacle: DatabaseProblem) throws(DatabaseProblem) {
        close()
        guard file.status?.isFile == true else { throw obstacle }
        do throws(DatabaseProblem) {
            database = try .openForReading(file.path, hasLog: file.hasLog, migrations: settings.migrations)
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
