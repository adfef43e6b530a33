/// What the store did of its own accord, or could not do, and somebody should know.
///
/// No case holds anything of a record.
public enum StoreEvent: Equatable, Sendable, CustomStringConvertible {
    /// A damaged file lies under the name `file` now, beside its old place, and a new one took over.
    case setAside(file: String, reason: String)
    /// Changes cannot be written. They wait, and are tried again until `recovered` comes.
    case failing(reason: String)
    /// What waited is written.
    case recovered
    /// So many records were not kept: too many bytes wait for the disk already, or they are larger than all the room.
    case dropped(records: Int)
    /// Every record was given up to keep a promise: entries that were to be removed could not be, for this reason.
    case begunAnew(reason: String)
    /// The database was gone from its place, and a new one was begun.
    case databaseGone
    /// The installation's secret was not of the right size. It lies under the name `file` now, and a new one was drawn.
    case secretReplaced(file: String)
    /// A file could be read or written by other users. It no longer can, or `isMended` is false.
    case loosePermissions(file: String, isMended: Bool)

    /// A sentence for the log.
    public var description: String {
        switch self {
        case .setAside(let file, let reason): "stored state was damaged (\(reason)) and is set aside as \(file)"
        case .failing(let reason): "state cannot be written: \(reason); trying again until it can"
        case .recovered: "state is written again"
        case .dropped(let records): "\(records) responses were not stored: too much waits for the disk"
        case .begunAnew(let reason):
            "entries could not be removed from the stored state (\(reason)), so all of it was deleted"
        case .databaseGone: "the stored state was gone from its place; a new one is begun"
        case .secretReplaced(let file): "the secret had the wrong size and is set aside as \(file); a new one is drawn"
        case .loosePermissions(let file, true): "other users had access to \(file); its mode is mended"
        case .loosePermissions(let file, false): "other users can write to \(file)"
        }
    }
}
