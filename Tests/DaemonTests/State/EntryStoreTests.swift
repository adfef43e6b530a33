import Bytes
import Caching
import Digest
import Fetching
import HTTPCore
import Persistence
import Serving
import Store
import TestSupport
import Testing

/// What every store has to do, tried with each.
@Suite struct EntryStoreTests {
    private static let alice = Owner(high: 0xA11C_E000_0000, low: 1)
    private static let bob = Owner(high: 0xB0B0_0000_0000, low: 2)
    private static let providers = Resource.opaque(path: "/providers", query: "")
    private static let windows = StaleWindows()

    enum Kind: CaseIterable, CustomTestStringConvertible {
        case memory, stateDirectory
        var testDescription: String { self == .memory ? "in memory" : "in a state directory" }
    }

    /// Runs `body` with a store of a kind, which is closed at the end.
    private func with(_ kind: Kind, _ body: (any EntryStore) throws -> Void) throws {
        let folder = StateFolder()
        let store: any EntryStore
        switch kind {
        case .memory: store = MemoryEntryStore()
        case .stateDirectory:
            let directory = try StateDirectory(opening: folder.path) { _ in }
            let database = EntryDatabase(
                try Store(in: directory), secret: directory.secret, upstream: "up", windows: Self.windows, now: 0)
            try #require(database.start())
            store = database
        }
        defer { store.close() }
        try body(store)
    }

    private static func entry(
        _ body: String, isShared: Bool = true, staleUse: StaleUse = .always, flags: CacheControl.Flags = .isPublic,
        status: Status = .ok, content: Entry.Content? = nil
    ) -> Entry {
        var cacheControl = CacheControl()
        cacheControl.flags = flags
        let bytes = SharedBytes(utf8: body)
        return Entry(
            content: content ?? .body(bytes),
            freshness: Freshness(storedAt: 0, lifetime: 300_000, staleUse: staleUse), maxAge: 300, isShared: isShared,
            status: status, contentType: Array("application/json".utf8), identity: 1, lastModified: 0,
            metadata: ResponseMetadata(cacheControl: cacheControl, digest: SHA256.digest(of: bytes.span).bytes))
    }

    /// Stores an entry as a loop would.
    private func put(_ body: String, as owner: Owner?, in store: any EntryStore) throws {
        let entry = Self.entry(body, isShared: owner == nil)
        let change = store.change(
            with: entry, for: Self.providers, owner: owner ?? Self.alice, body: SharedBytes(utf8: body))
        guard case .put(let record) = change else { throw NotPut() }
        #expect(record.key == store.names.key(of: Self.providers, owner: owner))
        #expect(store.put(record, now: 0))
    }

    private struct NotPut: Error {}

    /// The body that is stored for an owner; nil for none.
    private func look(_ owner: Owner?, in store: any EntryStore) throws -> String? {
        let answer = Monitor<StoredRecord??>(nil)
        store.look(for: store.names.key(of: Self.providers, owner: owner)) { record in
            answer.withValue { $0 = .some(record) }
        }
        try eventually("the store answers") { answer.current != nil }
        guard let record = answer.current ?? nil else { return nil }
        let builder = EntryBuilder(lifetimes: Lifetimes(), sharing: .auto)
        switch store.restore(Self.providers, record, builder, beside: nil, now: 0) {
        case .entry(let entry):
            guard case .body(let body) = entry.content else { return "another content" }
            return body.span.text()
        case .none: return "none"
        case .damaged: return "damaged"
        }
    }

    @Test(arguments: Kind.allCases) func `what was put is found under its owner, and nowhere else`(kind: Kind) throws {
        try with(kind) { store in
            #expect(try look(nil, in: store) == nil)
            try put(#"{"data":["shared"]}"#, as: nil, in: store)
            try put(#"{"data":["alice"]}"#, as: Self.alice, in: store)
            #expect(try look(nil, in: store) == #"{"data":["shared"]}"#)
            #expect(try look(Self.alice, in: store) == #"{"data":["alice"]}"#)
            #expect(try look(Self.bob, in: store) == nil)
        }
    }

    @Test(arguments: Kind.allCases) func `what was dropped is gone, and the rest is not`(kind: Kind) throws {
        try with(kind) { store in
            for owner in [nil, Self.alice, Self.bob] { try put(#"{"data":[]}"#, as: owner, in: store) }
            store.drop(store.names.key(of: Self.providers, owner: nil))
            #expect(try look(nil, in: store) == nil)
            store.dropAll(of: Self.alice)
            #expect(try look(Self.alice, in: store) == nil)
            #expect(try look(Self.bob, in: store) == #"{"data":[]}"#)
            store.dropEverything()
            #expect(try look(Self.bob, in: store) == nil)
        }
    }

    @Test(arguments: Kind.allCases) func `it says when what was dropped cannot come back`(kind: Kind) throws {
        try with(kind) { store in
            try put(#"{"data":[]}"#, as: nil, in: store)
            store.dropEverything()
            let isDurable = Monitor<Bool?>(nil)
            store.afterDrops { answer in isDurable.withValue { $0 = answer } }
            try eventually("the store answers") { isDurable.current != nil }
            #expect(isDurable.current == true)
        }
    }

    @Test(arguments: Kind.allCases) func `a confirmed copy is still there`(kind: Kind) throws {
        try with(kind) { store in
            try put(#"{"data":["a"]}"#, as: nil, in: store)
            let key = store.names.key(of: Self.providers, owner: nil)
            store.confirm(Self.entry(#"{"data":["a"]}"#), for: key, now: 0) { Issue.record("it is there") }
            #expect(try look(nil, in: store) == #"{"data":["a"]}"#)
        }
    }

    @Test(arguments: Kind.allCases) func `it says if there is no copy to confirm`(kind: Kind) throws {
        try with(kind) { store in
            try put(#"{"data":["a"]}"#, as: nil, in: store)
            store.dropEverything()
            let isDurable = Monitor<Bool?>(nil)
            store.afterDrops { answer in isDurable.withValue { $0 = answer } }
            try eventually("the store answers") { isDurable.current != nil }
            let isMissing = Monitor(false)
            let key = store.names.key(of: Self.providers, owner: nil)
            store.confirm(Self.entry(#"{"data":["a"]}"#), for: key, now: 0) { isMissing.withValue { $0 = true } }
            try eventually("the store says so") { isMissing.current }
            #expect(try look(nil, in: store) == nil)
        }
    }

    // MARK: What is stored

    private static func change(_ entry: Entry, hasBody: Bool = true) -> String {
        let store = MemoryEntryStore()
        switch store.change(with: entry, for: providers, owner: alice, body: hasBody ? .empty : nil) {
        case .put(let record): return record.key.owner.isEmpty ? "put for all" : "put for one"
        case .confirm: return "confirm"
        case .drop(let alsoShared): return alsoShared ? "drop both" : "drop the owner's"
        case .none: return "nothing"
        }
    }

    @Test func `a good response is stored, for all or for its owner, and a 304 confirms`() {
        #expect(Self.change(Self.entry("")) == "put for all")
        #expect(Self.change(Self.entry("", isShared: false)) == "put for one")
        #expect(Self.change(Self.entry(""), hasBody: false) == "confirm")
    }

    @Test func `what upstream forbids to store takes both copies with it`() {
        #expect(Self.change(Self.entry("", flags: .noStore)) == "drop both")
        #expect(Self.change(Self.entry("", staleUse: .never)) == "drop both")
        #expect(Self.change(Self.entry("", flags: .noStore), hasBody: false) == "drop both")
    }

    @Test func `a refusal takes the owner's copy with it, a 404 of upstream's own both, and a website's none`() {
        func refusal(_ status: Status, _ body: String) -> Entry {
            Self.entry("", status: status, content: .refusal(status, SharedBytes(utf8: body)))
        }
        let envelope = #"{"error":{"code":404,"message":"no"}}"#
        #expect(Self.change(refusal(.unauthorized, envelope)) == "drop the owner's")
        #expect(Self.change(refusal(.notFound, envelope)) == "drop both")
        #expect(Self.change(refusal(.notFound, "<html>")) == "nothing")
    }

    @Test func `a purge covers what its name says`() {
        let names = EntryNames(upstream: "up")
        let facet = names.key(of: .catalog, owner: nil)
        let own = names.key(of: .userList, owner: Self.alice)
        #expect(names.covered(by: .catalog)(facet) && !names.covered(by: .catalog)(own))
        #expect(!names.covered(by: .catalog)(EntryNames(upstream: "other").key(of: .catalog, owner: nil)))
        #expect(
            names.covered(by: .key(Self.alice.high >> 32))(own) && !names.covered(by: .key(Self.bob.high >> 32))(own))
        #expect(!names.covered(by: .key(Self.alice.high >> 32))(facet))
        #expect(names.covered(by: .all)(facet) && names.covered(by: .all)(own))
    }
}
