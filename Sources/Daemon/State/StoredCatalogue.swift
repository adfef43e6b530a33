import Caching
public import Catalog
import Digest
import EventLoop
import FoundationEssentials
import Persistence
import Serving
public import Settings
import Store

/// The catalogue in the state directory of the settings, for a command; nil if there is none, or none that could still be
/// served. Throws if the directory cannot be used, for example because a Larder uses it.
///
/// Nothing is created. The directory is locked for the moment of reading.
public func storedCatalogue(_ settings: Settings) throws -> Snapshot? {
    guard settings.state.enabled, let path = settings.state.directory,
        FileManager.default.fileExists(atPath: path + "/larder.db")
    else { return nil }
    let directory = try StateDirectory(opening: path) { _ in }
    let store = try Store(in: directory)
    defer { store.close(deadline: .seconds(5)) }
    let loop = Loop()
    defer { loop.close() }
    let shard = ShardSettings(settings, isDemo: false, addresses: [], fingerprinter: .random())
    let database = EntryDatabase(
        store, secret: directory.secret, upstream: settings.upstream.url, windows: settings.staleWindows,
        now: loop.nowMilliseconds)
    let entry = database.readAtStart(.catalog, shard.keeping.entryBuilder, now: loop.nowMilliseconds)
    guard case .rows(let catalogue, _)? = entry?.content else { return nil }
    return catalogue
}
