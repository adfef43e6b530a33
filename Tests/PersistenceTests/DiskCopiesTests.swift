import Bytes
import Caching
import HTTPCore
import Serving
import Store
import Testing

@testable import Persistence

extension Owner {
    static let alice = Owner(high: 0xA11C_E000_0000, low: 1)
    static let bob = Owner(high: 0xB0B0_0000_0000, low: 2)
}

extension Entry {
    /// A response, fresh for five minutes from time 0 on.
    static func make(
        isShared: Bool = true, status: Status = .ok, lifetime: UInt64 = 300_000, content: Content? = nil
    ) -> Entry {
        Entry(
            content: content ?? .body(.empty), freshness: Freshness(storedAt: 0, lifetime: lifetime), maxAge: 300,
            isShared: isShared, status: status, contentType: [], identity: 1, lastModified: 0)
    }
}

/// Event by event: what a loop does with a store.
@Suite struct DiskCopiesTests {
    static let names = EntryNames(upstream: "up")
    private static let providers = Resource.opaque(path: "/providers", query: "")

    private static func key(_ resource: Resource, _ owner: Owner?) -> RecordKey {
        names.key(of: resource, owner: owner)
    }

    private static func record(_ resource: Resource, _ owner: Owner?) -> StateChange {
        .put(
            StoredRecord(
                key: key(resource, owner), fields: .empty, digest: [], body: .empty, expires: 0, stored: 0))
    }

    // MARK: Reading

    @Test func `nothing is looked up that is not known to be there`() {
        let copies = LoopCopies()
        #expect(copies.want(.catalog) == .proceed)
        copies.begin((Self.providers, nil))
        #expect(copies.want(.catalog) == .proceed)
        #expect(copies.want(Self.providers) == .look(Self.key(Self.providers, nil)))
    }

    @Test func `an owner's own copy is looked up before the shared one, and another owner's never`() {
        let copies = LoopCopies()
        copies.begin((.catalog, nil), (.catalog, .alice))
        #expect(copies.want(.catalog, as: .alice) == .look(Self.key(.catalog, .alice)))
        #expect(copies.want(.catalog, as: .bob) == .look(Self.key(.catalog, nil)))
        let other = LoopCopies()
        other.begin((.userList, .alice))
        #expect(other.want(.userList, as: .bob) == .proceed)
    }

    @Test func `what is in memory is not read`() {
        let copies = LoopCopies()
        copies.begin((.catalog, nil))
        #expect(copies.want(.catalog, isInMemory: true) == .proceed)
    }

    @Test func `those who come while a copy is being read wait for it, and go on in order`() {
        let copies = LoopCopies()
        copies.begin((.catalog, nil))
        #expect(copies.want(.catalog, 1) == .look(Self.key(.catalog, nil)))
        // The copy may have come into memory by another way meanwhile.
        #expect(copies.want(.catalog, 2, isInMemory: true) == .wait)
        #expect(copies.want(.catalog, 3) == .wait)
        #expect(copies.ended(.catalog) == [1, 2, 3])
        #expect(copies.ended(.catalog) == [])
    }

    @Test func `a copy for everyone is read once for all who wait for it, whatever their keys`() {
        let copies = LoopCopies()
        copies.begin((Self.providers, nil), (Self.providers, .bob))
        #expect(copies.want(Self.providers, 1, as: .alice) == .look(Self.key(Self.providers, nil)))
        for number in 2...800 {
            let owner = Owner(high: UInt64(number) << 32, low: 0)
            #expect(copies.want(Self.providers, UInt64(number), as: owner) == .wait)
        }
        // Who has a copy of their own gets that.
        #expect(copies.want(Self.providers, 801, as: .bob) == .look(Self.key(Self.providers, .bob)))
        #expect(copies.ended(Self.providers, as: .alice) == Array(1...800))
        #expect(copies.ended(Self.providers, as: .bob) == [801])
    }

    @Test func `no more copies are read at a time than there is memory for, and the others in order as reads end`() {
        let copies = LoopCopies()
        let resources = (0..<5).map { Resource.opaque(path: "/providers", query: "x=\($0)") }
        for resource in resources { copies.begin((resource, nil), bytes: 80_000) }
        // Each takes six times its size, and a million bytes is the room.
        for resource in resources[..<2] { #expect(copies.want(resource) == .look(Self.key(resource, nil))) }
        for resource in resources[2...] { #expect(copies.want(resource) == .wait) }
        #expect(copies.want(resources[4], 2) == .wait)
        #expect(copies.bytes == 2 * 6 * 80_000)
        #expect(copies.ended(resources[1]) == [1])
        #expect(copies.next == [Self.key(resources[2], nil)])
        // A copy that is purged while its read waits for memory is not used.
        _ = copies.takeOut(.purge(.path("/providers")))
        #expect(resources.map { copies.mayUse($0) } == [false, true, false, false, false])
        copies.limit(to: 10 << 20)
        #expect(copies.ended(resources[0]) == [1])
        #expect(copies.next == resources[2...].map { Self.key($0, nil) })
        #expect(resources[2...].map { copies.ended($0) } == [[1], [1], [1, 2]])
        #expect(copies.bytes == 0)
    }

    @Test func `a copy that is larger than all the memory is read alone, and the catalogue does not wait`() {
        let copies = LoopCopies()
        copies.begin((Self.providers, nil), (Self.providers, .bob), bytes: 1 << 20)
        // A damaged database may say that of a size.
        copies.begin((.catalog, .alice), (.userList, .alice), bytes: .max)
        #expect(copies.want(Self.providers) == .look(Self.key(Self.providers, nil)))
        #expect(copies.want(Self.providers, as: .bob) == .wait)
        #expect(copies.want(.userList) == .wait)
        #expect(copies.want(.catalog) == .look(Self.key(.catalog, .alice)))
        _ = (copies.ended(Self.providers), copies.ended(.catalog))
        #expect(copies.next == [Self.key(Self.providers, .bob)])
    }

    @Test func `requests stop waiting for a read that takes too long, and what it finds serves later ones`() {
        let copies = LoopCopies()
        copies.begin((.catalog, nil))
        #expect(copies.want(.catalog, 1, at: 1_000) == .look(Self.key(.catalog, nil)))
        #expect(copies.want(.catalog, 2, at: 5_999) == .wait)
        #expect(copies.overdue(at: 5_999) == [])
        #expect(copies.overdue(at: 6_000) == [1, 2])
        // One read at a time: the store is slow, and would be asked ever more.
        #expect(copies.want(.catalog, 3, at: 6_001) == .proceed)
        #expect(copies.overdue(at: 60_000) == [])
        #expect(copies.mayUse(.catalog) && copies.firstWaiter(.catalog) == 1)
        #expect(copies.ended(.catalog) == [])
        #expect(copies.want(.catalog, 4, at: 60_000) == .look(Self.key(.catalog, nil)))
    }

    @Test func `what was removed after requests stopped waiting for its read is not used`() {
        let copies = LoopCopies()
        copies.begin((.catalog, nil))
        _ = (copies.want(.catalog), copies.overdue(at: 5_000))
        #expect(copies.takeOut(.shared(.catalog)) == ["drop /models?output_modalities=all of all"])
        #expect(!copies.mayUse(.catalog))
    }

    @Test func `a copy that the store does not have is not looked up again`() {
        let copies = LoopCopies()
        copies.begin((.catalog, nil), (Self.providers, nil))
        _ = copies.want(.catalog)
        copies.missed(.catalog)
        _ = copies.ended(.catalog)
        #expect(copies.want(.catalog) == .proceed)
        #expect(copies.want(Self.providers) == .look(Self.key(Self.providers, nil)))
    }

    @Test func `a damaged copy goes alone, unless another has taken its place`() {
        let copies = LoopCopies()
        copies.begin((.catalog, nil), (.catalog, .alice), (Self.providers, nil))
        _ = copies.want(.catalog)
        #expect(copies.damaged(.catalog) == Self.key(.catalog, .alice))
        _ = copies.ended(.catalog)
        #expect(copies.want(.catalog) == .look(Self.key(.catalog, nil)))
        _ = copies.write(.make(), Self.record(.catalog, nil))
        #expect(copies.damaged(.catalog) == nil)
        _ = copies.ended(.catalog)
        #expect(copies.want(.catalog) == .look(Self.key(.catalog, nil)))
        #expect(copies.want(Self.providers) == .look(Self.key(Self.providers, nil)))
    }

    @Test func `a copy that was written while an older one was looked up is found`() {
        for change in [Self.record(.catalog, nil), .confirm] {
            let copies = LoopCopies()
            copies.begin((.catalog, nil))
            #expect(copies.want(.catalog) == .look(Self.key(.catalog, nil)))
            _ = copies.write(.make(), change)
            copies.missed(.catalog)
            #expect(copies.ended(.catalog) == [1])
            #expect(copies.want(.catalog, as: .bob) == .look(Self.key(.catalog, nil)))
            // It was not written again, so it is not there.
            copies.missed(.catalog, as: .bob)
            _ = copies.ended(.catalog, as: .bob)
            #expect(copies.want(.catalog) == .proceed)
        }
    }

    @Test func `an owner's own copy that was not found says nothing about the shared one`() {
        let copies = LoopCopies()
        copies.begin((.catalog, nil), (.catalog, .alice))
        #expect(copies.want(.catalog) == .look(Self.key(.catalog, .alice)))
        copies.missed(.catalog)
        _ = copies.ended(.catalog)
        #expect(copies.want(.catalog) == .look(Self.key(.catalog, nil)))
    }

    // MARK: Writing

    @Test func `a shared copy takes the place of the owner's own, and the other way round`() {
        let copies = LoopCopies()
        #expect(copies.write(.make(), Self.record(.catalog, nil)) == ["put /models?output_modalities=all of all"])
        let narrowed = copies.write(.make(isShared: false), Self.record(.catalog, .alice))
        #expect(
            narrowed == [
                "drop /models?output_modalities=all of all", "put /models?output_modalities=all of alice",
            ])
        let shared = copies.write(.make(), Self.record(.catalog, nil))
        #expect(
            shared == ["drop /models?output_modalities=all of alice", "put /models?output_modalities=all of all"])
    }

    @Test func `only what was written is confirmed`() {
        let copies = LoopCopies()
        #expect(copies.write(.make(), .confirm, Self.providers) == [])
        _ = copies.write(.make(), Self.record(Self.providers, nil), Self.providers)
        #expect(copies.write(.make(), .confirm, Self.providers) == ["confirm /providers of all"])
        // It belongs to one key now, of which nothing was written.
        #expect(copies.write(.make(isShared: false), .confirm, Self.providers) == ["drop /providers of all"])
    }

    @Test func `copies are dropped once, and only those that are there`() {
        let copies = LoopCopies()
        copies.begin((Self.providers, .alice), (Self.providers, nil))
        #expect(copies.write(.make(), .drop(alsoShared: false), Self.providers) == ["drop /providers of alice"])
        #expect(copies.write(.make(), .drop(alsoShared: true), Self.providers) == ["drop /providers of all"])
        #expect(copies.write(.make(), .drop(alsoShared: true), Self.providers) == [])
        #expect(copies.write(.make(), .none, Self.providers) == [])
        #expect(copies.drop(Self.providers, of: nil) == [])
    }

    // MARK: Withdrawals

    @Test func `what is withdrawn while it is being read is not used`() {
        // A key's end concerns only what is that key's own.
        for (withdrawal, isVoid, isOwnVoid) in [
            (Withdrawal.shared(.catalog), true, true), (.copies(.catalog, .bob), true, true),
            (.key(.alice), false, true), (.purge(.all), true, true), (.purge(.catalog), true, true),
            (.purge(.key(Owner.alice.high >> 32)), false, true), (.shared(Self.providers), false, false),
            (.key(.bob), false, false), (.nothing, false, false), (.purge(.key(Owner.bob.high >> 32)), false, false),
        ] {
            for (owner, isVoid) in [(nil, isVoid), (Owner.alice, isOwnVoid)] {
                let copies = LoopCopies()
                copies.begin((.catalog, owner))
                _ = copies.want(.catalog)
                #expect(copies.mayUse(.catalog))
                _ = copies.takeOut(withdrawal)
                #expect(copies.mayUse(.catalog) == !isVoid, "\(withdrawal)")
                #expect(copies.ended(.catalog) == [1])
            }
        }
    }

    @Test func `what is withdrawn leaves the store, and the rest stays`() {
        let copies = LoopCopies()
        copies.begin((Self.providers, nil), (Self.providers, .alice), (.userList, .alice), (.userList, .bob))
        #expect(copies.takeOut(.shared(Self.providers)) == ["drop /providers of all"])
        #expect(copies.takeOut(.shared(Self.providers)) == [])
        #expect(copies.takeOut(.copies(Self.providers, .alice)) == ["drop /providers of alice"])
        #expect(copies.takeOut(.key(.alice)) == ["drop all of alice"])
        #expect(copies.takeOut(.key(.alice)) == [])
        #expect(copies.want(.userList, as: .bob) == .look(Self.key(.userList, .bob)))
    }

    @Test func `a purge drops what it covers, one by one, and a purge of all drops everything`() {
        let copies = LoopCopies()
        copies.begin((.catalog, nil), (Self.providers, nil), (.userList, .alice))
        #expect(copies.takeOut(.purge(.catalog)) == ["drop /models?output_modalities=all of all"])
        #expect(
            copies.takeOut(.purge(.key(Owner.alice.high >> 32))) == ["drop /models/user?output_modalities=all of alice"]
        )
        #expect(copies.takeOut(.purge(.all)) == ["drop everything"])
        #expect(copies.want(Self.providers) == .proceed)
    }

    @Test func `a purge of a path drops its copies of every query, owner and kind, and no others`() {
        let endpoints = Resource.opaque(path: "/models/a/b/endpoints", query: "x=1", forKeys: true)
        let copies = LoopCopies()
        copies.begin(
            (Self.providers, nil), (.opaque(path: "/providers", query: "a=1"), .alice), (endpoints, nil),
            (.opaque(path: "/models/a/b/endpoints", query: "", forKeys: false), nil), (.catalog, nil),
            (.opaque(path: "/tools", query: "a=1"), .bob), (.opaque(path: "/tools/x", query: ""), .bob))
        #expect(
            copies.takeOut(.purge(.path("/providers"))).sorted() == [
                "drop /providers of all", "drop /providers?a=1 of alice",
            ])
        #expect(
            copies.takeOut(.purge(.path("/models/a/b/endpoints"))).sorted() == [
                "drop /models/a/b/endpoints of all", "drop /models/a/b/endpoints?x=1 of all",
            ])
        #expect(copies.takeOut(.purge(.path("/tools"))) == ["drop /tools?a=1 of another"])
        #expect(copies.takeOut(.purge(.path("/tools"))) == [])
        #expect(copies.want(.opaque(path: "/tools/x", query: ""), as: .bob) != .proceed)
        #expect(copies.want(.catalog) != .proceed)
    }

    @Test func `a purge of a path drops a key's own list as received, and not the list that is read`() {
        let raw = Resource.opaque(path: "/models/user", query: "client_version=1")
        let copies = LoopCopies()
        copies.begin((raw, .alice), (.userList, .alice))
        #expect(copies.takeOut(.purge(.path("/models/user"))) == ["drop /models/user?client_version=1 of alice"])
        #expect(copies.want(.userList) != .proceed)
    }

    @Test func `in the store and in memory, a purge covers the same`() {
        let resources: [Resource] = [
            .catalog, .userList, .model(id: "a/b"), Self.providers, .opaque(path: "/providers", query: "x=1"),
            .opaque(path: "/models/user", query: "x=1"), .opaque(path: "/models", query: "use_rss=true"),
            .opaque(path: "/models/a/b/endpoints", query: "", forKeys: true), .opaque(path: "/tools", query: "a=1"),
        ]
        let purges: [Purge] = [
            .all, .catalog, .key(Owner.alice.high >> 32), .path("/providers"), .path("/models/user"), .path("/tools"),
            .path("/models/a/b/endpoints"),
        ]
        for purge in purges {
            let isCovered = Self.names.covered(by: purge)
            for resource in resources {
                for owner in [Owner.alice, .bob, nil] {
                    // A path is that of the bodies that are kept as received.
                    let isExpected = purge.covers(resource, ownerHigh: owner?.high)
                    #expect(isCovered(Self.key(resource, owner)) == isExpected, "\(purge) \(resource)")
                }
            }
        }
    }

    @Test func `the second round leaves the store alone`() {
        let copies = LoopCopies()
        copies.begin((.userList, .alice))
        #expect(copies.takeOut(.key(.alice), isFirst: false) == [])
        #expect(copies.takeOut(.purge(.all), isFirst: false) == [])
        #expect(copies.takeOut(.key(.alice)) == ["drop all of alice"])
    }

    @Test func `when names were forgotten a purge drops everything, since it may cover them`() {
        var copies = DiskCopies(Self.names, room: 4 * DiskIndex.overhead)
        for number in 0..<100 { copies.begin([Self.key(.opaque(path: "/providers", query: "x=\(number)"), nil): 0]) }
        let actions = copies.takeOut(.purge(.catalog), isFirst: true)
        guard case .dropEverything? = actions.first, actions.count == 1 else {
            Issue.record("\(actions.count) actions")
            return
        }
    }
}
