import Bytes
import Glibc
import TestSupport

@testable import Store

/// A directory of a test's own, which is deleted with all that is in it when the test is over.
final class Folder: Sendable {
    let path: String

    init() throws {
        let base = "/tmp/larder-store-\(getpid())-"
        var random = SystemRandomNumberGenerator()
        path = base + String(random.next(), radix: 16)
        try makeDirectories(path, mode: 0o700)
    }

    deinit { Self.delete(path) }

    private static func delete(_ path: String) {
        if let status = FileStatus(path: path), status.mode & S_IFMT == S_IFDIR {
            for name in namesInDirectory(path) where name != "." && name != ".." { delete(path + "/" + name) }
        }
        try? removeFile(path)
    }

    /// The directory that the state goes into; it does not exist yet.
    var state: String { path + "/deep/state" }

    /// The names of the files in the state directory, sorted.
    var names: [String] { namesInDirectory(state).filter { $0 != "." && $0 != ".." }.sorted() }

    /// The bytes of a file in the state directory; nil when there is none.
    func bytes(_ name: String) -> [UInt8]? {
        try? Descriptor(state + "/" + name, O_RDONLY).read(limit: 64 << 20)
    }

    /// Writes a file into the state directory, in place of what has its name.
    func write(_ bytes: [UInt8], to name: String, mode: mode_t = 0o600) throws {
        try makeDirectories(state, mode: 0o700)
        try removeFile(state + "/" + name)
        try Descriptor(state + "/" + name, O_WRONLY | O_CREAT | O_EXCL, mode: mode).write(bytes)
    }

    /// The permissions of a file in the state directory.
    func mode(_ name: String) -> mode_t? { FileStatus(path: state + "/" + name).map { $0.mode & 0o777 } }
}

/// What a store has reported.
final class Events: Sendable {
    private let all = Monitor<[StoreEvent]>([])
    var list: [StoreEvent] { all.current }
    var report: @Sendable (StoreEvent) -> Void { { event in self.all.withValue { $0.append(event) } } }

    /// Waits for an event.
    func wait(for what: String, _ isMeant: @escaping (StoreEvent) -> Bool) throws {
        guard all.wait(.hang, until: { $0.first(where: isMeant) }) != nil else {
            throw TimedOut("\(what) among \(list)", after: .hang)
        }
    }
}

extension StoreSettings {
    static func make(_ change: (inout StoreSettings) -> Void = { _ in }) -> StoreSettings {
        var settings = StoreSettings()
        settings.retryPause = .milliseconds(20)
        change(&settings)
        return settings
    }
}

extension Store {
    /// A store in a folder, with its thread not yet running.
    static func make(_ folder: Folder, _ events: Events = Events(), _ settings: StoreSettings = .make()) throws -> Store
    {
        try Store(in: StateDirectory(opening: folder.state, report: events.report), settings: settings)
    }

    /// Waits until all removals so far are durable, or cannot be written.
    func removalsAreDurable() throws -> Bool {
        let answer = Monitor<Bool?>(nil)
        afterRemovals { isDurable in answer.withValue { $0 = isDurable } }
        guard let isDurable = answer.wait(.hang, until: { $0 }) else { throw TimedOut("removals", after: .hang) }
        return isDurable
    }

    /// Reads through the thread.
    func readAndWait(_ key: RecordKey) throws -> StoredRecord? {
        let answer = Monitor<StoredRecord??>(nil)
        read(key) { record in answer.withValue { $0 = .some(record) } }
        guard let record = answer.wait(.hang, until: { $0 }) else {
            throw TimedOut("a record", after: .hang)
        }
        return record
    }
}

extension StoredRecord {
    /// A record whose digest is made of its body, and whose fields hold a checksum of all the rest.
    static func make(
        _ resource: String = "/models", owner: [UInt8] = [], body: [UInt8] = Array("the body".utf8), stored: Int64 = 1,
        expires: Int64 = 1_000
    ) -> StoredRecord {
        StoredRecord(
            key: RecordKey(resource: resource, owner: owner),
            fields: SharedBytes(checksum([Array(resource.utf8), owner, body, text(stored), text(expires)])),
            digest: fakeDigest(body), body: SharedBytes(body), expires: expires, stored: stored)
    }

    /// Whether it is precisely as `make` once made it.
    var isWhole: Bool {
        let body = body.array
        return digest == fakeDigest(body)
            && fields.array
                == checksum([Array(key.resource.utf8), key.owner, body, Self.text(stored), Self.text(expires)])
    }

    private static func text(_ number: Int64) -> [UInt8] { Array("\(number)".utf8) }
}

func checksum(_ parts: [[UInt8]]) -> [UInt8] {
    parts.flatMap { part in Array(String(part.span.hash64(), radix: 16).utf8) + [0] }
}

extension SharedBytes {
    /// The bytes as an array, for `#expect`.
    var array: [UInt8] { span.copied() }
    /// The bytes as text.
    var text: String { span.text() }
}

/// Bytes that no compression makes smaller, always the same for one seed.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

/// 32 bytes that stand for a digest.
func fakeDigest(_ body: [UInt8]) -> [UInt8] {
    let bytes = SharedBytes(body)
    return (0..<4).flatMap { seed in
        let hash = bytes.span.hash64(seed: UInt64(seed))
        return (0..<8).map { UInt8(truncatingIfNeeded: hash >> UInt64(8 * $0)) }
    }
}

/// Runs a statement over a database that nobody has open, as another program would.
func runSQL(_ path: String, _ sql: String) throws {
    let connection = try Connection(uri: "file:" + path, flags: 6)
    try connection.run(sql)
}
