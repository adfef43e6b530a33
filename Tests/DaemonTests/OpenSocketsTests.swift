import EventLoop
import Foundation
import Settings
import Testing

@testable import Daemon

/// The sockets of `localhost`, which is two addresses.
@Suite(.timeLimit(.minutes(300))) struct OpenSocketsTests {
    private static let localhost = [ListenAddress.tcp(host: "localhost", port: 0)]

    private static func open(
        _ listen: [ListenAddress] = localhost, loops: Int = 2, failing failure: [String: UVError] = [:]
    ) throws -> OpenSockets {
        try OpenSockets(listen, loops: loops) { (address, count) throws(UVError) in
            if let error = failure[address.isLoopbackIPv4 ? "IPv4" : "IPv6"] { throw error }
            return try ListeningSocket.group(address, count: count)
        }
    }

    @Test func `both addresses have one port, on every loop`() throws {
        let sockets = try Self.open()
        defer { sockets.close() }
        let port = try #require(sockets.addresses.first?.port)
        #expect(port != 0)
        #expect(sockets.addresses.map(\.description) == ["127.0.0.1:\(port)", "[::1]:\(port)"])
        for loop in 0..<2 { #expect(sockets.sockets(for: loop).map(\.address) == sockets.addresses) }
    }

    @Test(arguments: [(1, 3), (2, 2), (3, 1)])
    func `sockets of another Larder are distributed over any number of loops`(before: Int, now: Int) throws {
        let path = "/tmp/larder-test-\(UInt64.random(in: .min ... .max)).sock"
        let listen = [try #require(ListenAddress("127.0.0.1:0")), try #require(ListenAddress("unix:\(path)"))]
        let old = try OpenSockets(listen, loops: before)
        let handed = old.distinct
        #expect(handed.count == before + 1)
        let taken = try handed.map { socket in
            try ListeningSocket(descriptor: try socket.duplicate().descriptor, fileIdentity: socket.fileIdentity)
        }
        let new = try OpenSockets(takenOver: taken, loops: now)
        #expect(new.addresses == old.addresses && !new.areManagers)
        let tcp = (0..<now).map { loop in new.sockets(for: loop).count { !$0.address.isUnix } }
        #expect(tcp.reduce(0, +) == max(before, now) && tcp.allSatisfy { $0 >= 1 })
        for loop in 0..<now { #expect(new.sockets(for: loop).count { $0.address.isUnix } == 1) }
        // The file belongs to one of them at a time.
        old.giveFilesAway()
        old.close()
        #expect(FileManager.default.fileExists(atPath: path))
        new.takeFiles()
        new.close()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test(arguments: [(1, 3), (2, 2), (3, 1)])
    func `sockets of admin.listen stay what they are when they are handed over`(before: Int, now: Int) throws {
        let path = "/tmp/larder-test-\(UInt64.random(in: .min ... .max)).sock"
        var old = try OpenSockets([try #require(ListenAddress("127.0.0.1:0"))], loops: before)
        let admin = [try #require(ListenAddress("127.0.0.1:0")), try #require(ListenAddress("unix:\(path)"))]
        old.add(try OpenSockets(admin, loops: before, areAdmin: true))
        #expect(old.addresses.count == 1 && old.adminAddresses.count == 2)
        let words = HandedList.words(old).split(separator: " ")
        let taken = try zip(old.distinct, words).map { socket, word in
            let (isManagers, isAdmin, fileIdentity) = HandedList.read(word)
            #expect(!isManagers && fileIdentity == socket.fileIdentity)
            let copy = try ListeningSocket(
                descriptor: try socket.duplicate().descriptor, fileIdentity: fileIdentity)
            return isAdmin ? copy.asAdmin : copy
        }
        #expect(words.count == 2 * before + 1 && words.count { $0.contains("-admin") } == before + 1)
        let new = try OpenSockets(takenOver: taken, loops: now)
        #expect(new.addresses == old.addresses && new.adminAddresses == old.adminAddresses)
        for loop in 0..<now {
            #expect(new.sockets(for: loop).contains { $0.isAdmin && !$0.address.isUnix })
            #expect(new.sockets(for: loop).contains { $0.isAdmin && $0.address.isUnix })
            #expect(new.sockets(for: loop).contains { !$0.isAdmin })
        }
        old.giveFilesAway()
        old.close()
        new.takeFiles()
        new.close()
    }

    @Test func `a socket that the service manager calls admin is for Larder's own pages`() throws {
        var named = try ListeningSocket(.ipv4(0x7F00_0001, port: 0))
        named.name = "admin"
        let other = try ListeningSocket(.ipv4(0x7F00_0001, port: 0))
        let sockets = try OpenSockets(handedOver: [named, other], loops: 2)
        defer { sockets.close() }
        #expect(sockets.adminAddresses == [named.address] && sockets.addresses == [other.address])
        #expect(sockets.areManagers && HandedList.words(sockets) == "manager-admin manager")
        for loop in 0..<2 { #expect(sockets.sockets(for: loop).map(\.isAdmin) == [true, false]) }
    }

    @Test(arguments: [UVError.addressNotAvailable, .familyNotSupported])
    func `an address that this machine lacks is left out`(error: UVError) throws {
        for (family, rest) in [("IPv6", "127.0.0.1:"), ("IPv4", "[::1]:")] {
            let sockets = try Self.open(failing: [family: error])
            defer { sockets.close() }
            #expect(sockets.addresses.count == 1 && sockets.addresses[0].description.hasPrefix(rest))
        }
        #expect { try Self.open(failing: ["IPv4": error, "IPv6": error]) } throws: {
            "\($0)".contains("localhost") && "\($0)".contains(error.name)
        }
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func `a port in use on either is one clear error, and nothing stays open`(host: String) throws {
        // Another program may take the port on the other address: then the next one is tried.
        var problems: [String] = []
        for _ in 0..<10 {
            guard let problem = try Self.problem(withPortInUseOn: host) else { return }
            problems.append(problem)
        }
        Issue.record("\(problems)")
    }

    /// Has a port of `host` in use that was free on both addresses just now. Returns what happens otherwise than it should;
    /// nil if nothing does.
    private static func problem(withPortInUseOn host: String) throws -> String? {
        let both = try Self.open()
        let port = try #require(both.addresses.first?.port)
        both.close()
        do {
            let taken = try OpenSockets([.tcp(host: host, port: port)], loops: 1)
            defer { taken.close() }
            let shown = ListenAddress.tcp(host: host, port: port).description
            do {
                try Self.open([.tcp(host: "localhost", port: port)]).close()
                return "no error"
            } catch {
                let expected =
                    "cannot listen on \(shown), one of the two addresses of localhost: address already in use"
                guard "\(error)".hasPrefix(expected) else { return "\(error)" }
            }
            // The other one is free again.
            try OpenSockets([.tcp(host: host == "::1" ? "127.0.0.1" : "::1", port: port)], loops: 1).close()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func `where any port will do, one that is free on both is found`() throws {
        var refusals = 2
        let sockets = try OpenSockets(Self.localhost, loops: 1) { (address, count) throws(UVError) in
            if !address.isLoopbackIPv4, refusals > 0 {
                refusals -= 1
                throw .addressInUse
            }
            return try ListeningSocket.group(address, count: count)
        }
        defer { sockets.close() }
        #expect(refusals == 0 && Set(sockets.addresses.map(\.port)).count == 1 && sockets.addresses.count == 2)
        #expect { try Self.open(failing: ["IPv6": .addressInUse]) } throws: { "\($0)".contains("[::1]:") }
    }

    @Test func `an address that is named by itself has to be there`() {
        #expect { try Self.open([.tcp(host: "::1", port: 0)], failing: ["IPv6": .addressNotAvailable]) } throws: {
            "\($0)".hasPrefix("cannot listen on [::1]:0: ")
        }
    }
}

extension SocketAddress {
    fileprivate var isLoopbackIPv4: Bool { if case .ipv4 = self { isLoopback } else { false } }
}
