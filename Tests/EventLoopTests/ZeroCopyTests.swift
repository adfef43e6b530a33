import Bytes
import Glibc
import TestSupport
import Testing
import Threads

@testable import EventLoop

/// Long bodies that are sent from pages.
///
/// One after the other, since all copies in pages of a process share a limit, which nobody else uses here.
@Suite(.serialized, .timeLimit(.minutes(300))) struct ZeroCopyTests {
    private static let size = 3 << 20

    /// A body with pages.
    private static func paged(_ bytes: [UInt8]) throws -> SharedBytes {
        let body = SharedBytes(bytes)
        body.makePageCopy()
        try #require(body.pageCopy != nil)
        return body
    }

    /// A stream with a probe for a delegate, and the other end of its connection.
    private static func connected(on loop: Loop, _ kind: ZeroCopy.SocketKind = .tcp) throws -> (Stream, Probe, Peer) {
        let stream: Stream
        let peer: Peer
        switch kind {
        case .tcp:
            let socket = try ListeningSocket(localhost)
            defer { socket.close() }
            peer = Peer(to: socket.address)
            stream = try Stream(on: loop, adopting: accepted(on: socket))
        case .unix:
            let mine: Peer
            (mine, peer) = Peer.pair()
            stream = try Stream(on: loop, adopting: mine.descriptor)
        }
        let probe = Probe()
        stream.delegate = probe
        return (stream, probe, peer)
    }

    /// Reads to the end on a thread.
    private static func reader(of peer: Peer, into got: Shared<[UInt8]>) throws -> NamedThread {
        try NamedThread.start(name: "reader") {
            var all: [UInt8] = []
            while let part = peer.receive(10_007), !part.isEmpty { all += part }
            let read = all
            got.update { $0 = read }
            peer.close()
        }
    }

    @Test(arguments: [ZeroCopy.leastBody, 1 << 20, Self.size, 3 * Self.size / 2 + 1], ZeroCopy.SocketKind.allCases)
    func `a body reaches a client that reads late whole, between its head and what follows`(
        size: Int, kind: ZeroCopy.SocketKind
    ) throws {
        let all = pattern(size + 5_000)
        let body = try Self.paged(Array(all[3_000..<3_000 + size]))
        let got = Shared<[UInt8]>([])
        try withLoop { loop in
            loop.zeroCopy = .on
            let (stream, probe, peer) = try Self.connected(on: loop, kind)
            let fields = Array(all[1_000..<3_000])
            let rest = SharedBytes(Array(all[(3_000 + size)...]))
            probe.onDrained = { stream in
                #expect(stream.queuedBytes == 0)
                stream.shutdownThenClose(lingerMilliseconds: 30_000)
            }
            let outcome = stream.write(SharedBytes(Array(all[..<1_000])).all, fields.span, body.all)
            #expect(loop.openPagePipe != nil)
            if outcome == .queued {
                #expect(stream.queuedBytes > 0 && stream.queuedBytes < size)
                probe.onDrained = { stream in
                    #expect(stream.queuedBytes == 0)
                    _ = stream.write(rest.all)
                    stream.shutdownThenClose(lingerMilliseconds: 30_000)
                }
            } else {
                #expect(size <= 1 << 20)
                _ = stream.write(rest.all)
                stream.shutdownThenClose(lingerMilliseconds: 30_000)
            }
            let reader = try Self.reader(of: peer, into: got)
            loop.run()
            reader.join()
            #expect(probe.drains == (outcome == .queued ? 1 : 0))
            #expect(loop.zeroCopy == .on)
        }
        #expect(got.value == all)
    }

    @Test(arguments: ZeroCopy.SocketKind.allCases)
    func `a part of a body is sent, from anywhere in its pages`(kind: ZeroCopy.SocketKind) throws {
        let all = pattern(1 << 20)
        let body = try Self.paged(all)
        let got = Shared<[UInt8]>([])
        try withLoop { loop in
            loop.zeroCopy = .on
            let (stream, _, peer) = try Self.connected(on: loop, kind)
            let reader = try Self.reader(of: peer, into: got)
            _ = stream.write(nil, Span(), body[5_001..<900_017])
            stream.shutdownThenClose(lingerMilliseconds: 5_000)
            #expect(loop.openPagePipe != nil)
            loop.run()
            reader.join()
        }
        #expect(got.value == Array(all[5_001..<900_017]))
    }

    @Test(arguments: ZeroCopy.SocketKind.allCases)
    func `what is written after a body that waits follows it, and so does the end`(kind: ZeroCopy.SocketKind) throws {
        let all = pattern(Self.size)
        let got = Shared<[UInt8]>([])
        try withLoop { loop in
            loop.zeroCopy = .on
            let (stream, _, peer) = try Self.connected(on: loop, kind)
            let body = try Self.paged(all)
            #expect(stream.write(nil, Span(), body.all) == .queued)
            #expect(stream.write(SharedBytes(utf8: "next").all) == .queued)
            #expect(stream.write(nil, Span(), body.all) == .queued)
            #expect(stream.queuedBytes > Self.size && loop.openPagePipe != nil)
            stream.shutdownThenClose(lingerMilliseconds: 30_000)
            let reader = try Self.reader(of: peer, into: got)
            loop.run()
            reader.join()
        }
        #expect(got.value == all + Array("next".utf8) + all)
    }

    @Test(arguments: [false, true], ZeroCopy.SocketKind.allCases)
    func `a connection can be closed while a body waits`(isReset: Bool, kind: ZeroCopy.SocketKind) throws {
        try withLoop { loop in
            loop.zeroCopy = .on
            let (stream, probe, peer) = try Self.connected(on: loop, kind)
            weak var pages: PageCopy?
            do {
                let body = try Self.paged(pattern(Self.size))
                pages = body.pageCopy
                #expect(stream.write(nil, Span(), body.all) == .queued)
            }
            #expect(pages != nil && loop.openPagePipe != nil)
            if isReset { stream.reset() } else { stream.close() }
            #expect(stream.queuedBytes < Self.size)
            loop.run()
            #expect(probe.closes == 1 && probe.drains == 0)
            #expect(pages == nil)
            peer.close()
        }
    }

    @Test(arguments: ZeroCopy.SocketKind.allCases)
    func `a peer that goes away while a body waits ends the connection`(kind: ZeroCopy.SocketKind) throws {
        try withLoop { loop in
            loop.zeroCopy = .on
            let (stream, probe, peer) = try Self.connected(on: loop, kind)
            #expect(try stream.write(nil, Span(), Self.paged(pattern(Self.size)).all) == .queued)
            peer.close()
            loop.run()
            #expect(probe.closes == 1 && probe.drains == 0)
        }
    }

    // A unix socket takes less at once.
    @Test(arguments: [(ZeroCopy.SocketKind.tcp, 300 << 10), (.unix, 100 << 10)])
    func `a client that reads late gets the bytes, whatever the memory was used for since`(
        kind: ZeroCopy.SocketKind, size: Int
    ) throws {
        let all = pattern(size)
        try withLoop { loop in
            loop.zeroCopy = .on
            let (stream, _, peer) = try Self.connected(on: loop, kind)
            weak var pages: PageCopy?
            do {
                let body = try Self.paged(all)
                pages = body.pageCopy
                #expect(stream.write(nil, Span(), body.all) == .sent)
            }
            #expect(pages == nil && loop.openPagePipe != nil)
            // As a process would that goes on: more copies in pages, and more memory of malloc.
            var others: [PageCopy] = []
            while let other = PageCopy([UInt8](repeating: 0xEE, count: size).span) { others.append(other) }
            let heap = (0..<64).map { SharedBytes([UInt8](repeating: UInt8($0), count: size)) }
            stream.close()
            loop.run()
            var got: [UInt8] = []
            while let part = peer.receive(100_003), !part.isEmpty { got += part }
            #expect(got == all)
            #expect(others.count > 5 && heap.count == 64)
            peer.close()
        }
    }

    @Test(arguments: ZeroCopy.SocketKind.allCases)
    func `where the system refuses it, bytes are copied`(kind: ZeroCopy.SocketKind) throws {
        let all = pattern(Self.size)
        let got = Shared<[UInt8]>([])
        try withLoop { loop in
            loop.zeroCopy = .on
            loop.openPagePipe = PagePipe(brokenWith: 1 << 20)
            let (stream, _, peer) = try Self.connected(on: loop, kind)
            let reader = try Self.reader(of: peer, into: got)
            _ = stream.write(SharedBytes(utf8: "head").all, Span(), try Self.paged(all).all)
            #expect(loop.zeroCopy == .off)
            stream.shutdownThenClose(lingerMilliseconds: 30_000)
            loop.run()
            reader.join()
        }
        #expect(got.value == Array("head".utf8) + all)
    }

    @Test(arguments: [
        (ZeroCopy.on, ZeroCopy.leastBody, true), (.on, ZeroCopy.leastBody - 1, false), (.off, 1 << 20, false),
    ])
    func `a long body gets pages when it is sent often`(setting: ZeroCopy, size: Int, hasPages: Bool) throws {
        let bytes = pattern(size)
        let body = SharedBytes(bytes)
        let got = Shared<[UInt8]>([])
        try withLoop { loop in
            loop.zeroCopy = setting
            let (stream, probe, peer) = try Self.connected(on: loop)
            let reader = try Self.reader(of: peer, into: got)
            var written = 0
            func next() {
                while written < 20 {
                    #expect(body.pageCopy == nil || written >= 8)
                    written += 1
                    if stream.write(nil, Span(), body.all) == .queued { return }
                }
                stream.shutdownThenClose(lingerMilliseconds: 30_000)
            }
            probe.onDrained = { _ in next() }
            next()
            loop.run()
            reader.join()
            #expect((body.pageCopy != nil) == hasPages)
        }
        let all = got.value
        #expect(all.count == 20 * size)
        for index in 0..<(all.count / size) {
            #expect(Array(all[(index * size)..<((index + 1) * size)]) == bytes)
        }
    }

    @Test func `all pages together have a limit, and the next ones get what was given back`() throws {
        func fill() -> [PageCopy] {
            var copies: [PageCopy] = []
            while let copy = PageCopy([UInt8](repeating: 1, count: 700_000).span) { copies.append(copy) }
            return copies
        }
        var copies = fill()
        #expect(copies.count == 4)
        copies.removeLast()
        #expect(fill().count == 1)
        copies = []
        #expect(fill().count == 4)
        #expect(PageCopy(Span()) == nil)
    }

    @Test(arguments: [(ZeroCopy.leastBody, PageCopy.PageSize.small), (512 << 10, .small), ((512 << 10) + 1, .huge)])
    func `how a body is sent depends on its length`(count: Int, pages: PageCopy.PageSize) {
        for kind in ZeroCopy.SocketKind.allCases {
            let way = ZeroCopy.Way(to: kind, bodyOf: count)
            #expect(way.socket == kind && way.pages == pages)
        }
        #expect(Set(ZeroCopy.Way.allCases).count == 4)
    }

    @Test(arguments: ZeroCopy.Way.allCases)
    func `both ways of sending are measured, and the cheaper one is taken`(way: ZeroCopy.Way) throws {
        // All pages that are allowed are in use, which is no reason to measure nothing.
        var others: [PageCopy] = []
        while let other = PageCopy([UInt8](repeating: 1, count: 700_000).span) { others.append(other) }
        let costs = try #require(ZeroCopy.costs(of: way))
        #expect(!others.isEmpty)
        others = []
        func text(_ cost: ZeroCopy.Cost) -> String { "\(cost.sending / 1_000) + \(cost.receiving / 1_000) us" }
        print("zero copy, \(way.socket), \(way.pages) pages: \(text(costs.copied)) copied, \(text(costs.moved)) moved")
        for part in [costs.copied.sending, costs.copied.receiving, costs.moved.sending, costs.moved.receiving] {
            #expect(part > 0)
        }
        #expect(ZeroCopy.auto.isWorthwhile(way) == costs.isWorthwhile)
        #expect(ZeroCopy.on.isWorthwhile(way) && !ZeroCopy.off.isWorthwhile(way))
        #expect(ZeroCopy.auto.isAgainst(way) == !costs.isWorthwhile)
        #expect(!ZeroCopy.on.isAgainst(way) && ZeroCopy.off.isAgainst(way))
        try withLoop { loop in
            loop.zeroCopy = .auto
            let (stream, _, peer) = try Self.connected(on: loop, way.socket)
            let body = try Self.paged(pattern(way.pages == .huge ? 1 << 20 : ZeroCopy.leastBody))
            _ = stream.write(nil, Span(), body.all)
            #expect((loop.openPagePipe != nil) == costs.isWorthwhile)
            stream.close()
            peer.close()
        }
    }

    @Test(
        arguments: [
            // Sending and receiving, if copied and if moved.
            (100, 40, 90, 40, true),
            (100, 40, 97, 40, false),
            (100, 40, 97, 0, false),
            // What the sender saves counts for more than what the receiver pays, up to a limit.
            (90, 35, 45, 80, true),
            (90, 35, 45, 121, true),
            (90, 35, 45, 122, false),
            (UInt64.max / 4, 0, 0, UInt64.max / 4, true),
        ] as [(UInt64, UInt64, UInt64, UInt64, Bool)])
    func `pages are moved if sending is clearly cheaper and the total is not clearly dearer`(
        sendingCopies: UInt64, receivingCopies: UInt64, sendingPages: UInt64, receivingPages: UInt64, isWorthwhile: Bool
    ) {
        let costs = ZeroCopy.Costs(
            copied: .init(sending: sendingCopies, receiving: receivingCopies),
            moved: .init(sending: sendingPages, receiving: receivingPages))
        #expect(costs.isWorthwhile == isWorthwhile)
    }
}
