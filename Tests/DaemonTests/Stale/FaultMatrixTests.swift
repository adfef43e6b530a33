import Daemon
import Settings
import TestSupport
import Testing

/// Every way to fail, met with every kind of copy: what the caller is told, how often upstream is asked, and what is stored.
@Suite(.timeLimit(.minutes(300))) struct FaultMatrixTests {
    /// Asks in one cell of the matrix. A copy of the wished state is there, and upstream fails.
    private static func judge(_ state: StoredState, _ fault: Fault, _ larder: LiveLarder) throws {
        let verdict = Verdict(state, fault)
        let before = try StatusEntries(of: larder).upstreamRequests
        let began = ContinuousClock.now
        let answer = try larder.get("/models")
        #expect(answer.status == verdict.status)
        #expect(answer.cacheVerdict == verdict.cacheStatus)
        if answer.status == 200 { #expect(answer.text.contains("acme/anvil")) }
        try eventually("upstream was asked") {
            try StatusEntries(of: larder).upstreamRequests == before + verdict.requests
        }
        try larder.settle()

        let next = try larder.get("/models")
        // A slow machine may have let a pause pass. Where a copy is fresh, there is none.
        var isInTime = ContinuousClock.now - began < fault.leastDuration || state == .fresh
        let entries = try StatusEntries(of: larder)
        let stored = try larder.get("/models", LiveLarder.onlyIfCached)
        // A refusal is stored, but not for long.
        if fault.isRefusal, state != .fresh { isInTime = ContinuousClock.now - began < fault.leastDuration }
        if isInTime {
            #expect(next.status == verdict.nextStatus)
            #expect(next.cacheVerdict == verdict.nextCacheStatus)
            #expect(entries.upstreamRequests == before + verdict.requests)
            #expect(entries.lines == verdict.entries.sorted())
        }
        if isInTime || !fault.isRefusal { #expect(stored.status == verdict.storedStatus) }
    }

    /// Has a copy of the wished state stored, while upstream is well.
    private static func store(_ state: StoredState, _ larder: LiveLarder) throws {
        if state == .cold { return }
        // What is of no more use by the time that it has been read is not stored: a slow machine may have to try again.
        try eventually("a copy is stored") {
            #expect(try larder.get("/models").status == 200)
            return try !StatusEntries(of: larder).lines.isEmpty
        }
        if state != .fresh { try larder.waitUntilStale("/models") }
    }

    @Test(arguments: Fault.scripted, StoredState.allCases)
    func `a failure, a refusal, and what is stored`(fault: Fault, state: StoredState) throws {
        let isBroken = Monitor(false)
        let origin = try ScriptedOrigin { _ in isBroken.current ? fault.reply : Replies.catalogue() }
        try LiveLarder.serving(before: origin, { state.arrange(&$0, for: fault) }) { larder throws in
            try Self.store(state, larder)
            isBroken.withValue { $0 = true }
            try Self.judge(state, fault, larder)
        }
    }

    @Test(arguments: StoredState.allCases)
    func `nobody listens at upstream's port`(state: StoredState) throws {
        let origin = try ScriptedOrigin { _ in Replies.catalogue() }
        // It keeps the port for as long as it exists.
        defer { origin.stop() }
        try LiveLarder.serving(before: origin, { state.arrange(&$0, for: .refused) }) { larder throws in
            try Self.store(state, larder)
            origin.stop()
            try Self.judge(state, .refused, larder)
        }
    }

    /// A copy from another life of the program, when upstream could still be reached, is the only way to have one of an
    /// upstream that fails before the first byte. One that is of no more use is not taken up at all.
    private static func across(
        _ state: StoredState, _ fault: Fault, upstream: String, before: (inout Settings) -> Void,
        after: (inout Settings) -> Void
    ) throws {
        let folder = try TemporaryFolder()
        if state != .cold {
            try LiveLarder.serving(
                upstream: upstream,
                {
                    $0.state.enabled = true
                    $0.state.directory = folder.path
                    state.arrange(&$0, for: fault)
                    before(&$0)
                }
            ) { larder throws in
                try Self.store(state, larder)
            }
        }
        try LiveLarder.serving(
            upstream: upstream,
            {
                $0.state.enabled = true
                $0.state.directory = folder.path
                state.arrange(&$0, for: fault)
                after(&$0)
            }
        ) { larder throws in try Self.judge(state == .past ? .cold : state, fault, larder) }
    }

    @Test(arguments: StoredState.allCases)
    func `upstream's certificate is not to be trusted any more`(state: StoredState) throws {
        let body = String(decoding: SampleCatalogue.json, as: UTF8.self)
        let page = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: public\r\nConnection: close\r\n"
        let origin = try TLSOrigin(
            .files(["models?output_modalities=all": "\(page)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"]))
        defer { origin.stop() }
        try Self.across(
            state, .untrusted, upstream: origin.url, before: { $0.upstream.caFile = origin.caFile }, after: { _ in })
    }

    @Test(arguments: StoredState.allCases)
    func `upstream's name does not resolve any more`(state: StoredState) throws {
        // A proxy finds it; without the proxy nobody does.
        let proxy = try ScriptedOrigin { _ in Replies.catalogue() }
        try Self.across(
            state, .unknownHost, upstream: "http://nowhere.invalid/api/v1", before: { $0.upstream.proxy = proxy.url },
            after: { _ in })
    }
}

extension Fault {
    fileprivate var isRefusal: Bool { if case .refusal = kind { true } else { false } }

    /// How long after the request that meets it what follows lasts, at least: a refusal is remembered, and after a
    /// failure there is a pause of half a second, or as long as upstream wishes.
    fileprivate var leastDuration: Duration {
        switch kind {
        case .refusal: status == 401 || status == 403 ? .seconds(5) : .seconds(3600)
        case _ where testDescription.hasSuffix("when to come back"): .seconds(3600)
        case .failure, .tooMany: (detail == "timeout" ? timeout : .zero) + .milliseconds(500)
        }
    }
}
