import Daemon
import Settings
import TestSupport
import Testing

/// Copies that upstream no longer allows to share or to keep: gone from every loop and from the disk before anyone is answered.
@Suite(.timeLimit(.minutes(300))) struct WithdrawnCopyTests {
    private static let targets = ["/models", "/models?category=x", "/model/some/variant:nitro", "/providers"]

    /// How upstream says that a list is one key's own from now on.
    enum Narrowing: String, CaseIterable {
        case isPrivate = "private"
        case isNotStored = "private, no-store"
        case isNotStoredAlone = "no-store"
        case saysNothing = "max-age=60"
        case confirmed = "304"
    }

    private static func list(_ name: String, _ request: OriginRequest, _ fields: MessageFields) -> OriginReply {
        if request.path.contains("/model/") { return Replies.model("\(name)/single", fields) }
        return Replies.list(["\(name)/row"], fields)
    }

    /// Lists are everyone's until `isNarrow`, and then each key's own. `tag` names the body that everyone had.
    private static func upstream(_ isNarrow: Monitor<Bool>, _ narrowing: Narrowing) throws -> UpAndDown {
        try UpAndDown { request in
            guard isNarrow.current else {
                return list("all", request, ["Cache-Control": "public, max-age=100", "ETag": #""all""#])
            }
            let name = request.key ?? "nobody"
            guard narrowing == .confirmed else { return list(name, request, ["Cache-Control": narrowing.rawValue]) }
            if request.fields["If-None-Match"] == #""all""# { return .status(304, ["Cache-Control": "private"]) }
            return list(name, request, ["Cache-Control": "private", "ETag": "\"\(name)\""])
        }
    }

    @Test(arguments: Narrowing.allCases, [1, 3])
    func `a list that became one key's own is nobody else's from then on`(narrowing: Narrowing, workers: Int) throws {
        let (isNarrow, folder) = (Monitor(false), StateFolder())
        let upstream = try Self.upstream(isNarrow, narrowing)
        let change = { (settings: inout Settings) in
            folder.keep(&settings)
            // The history goes on showing what everyone could have then.
            settings.history.enabled = false
            settings.workers = workers
        }
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            // Enough connections that every loop has copies of its own.
            let clients = try (0..<workers * 6).map { _ in try larder.connect() }
            for client in clients {
                for target in Self.targets { #expect(try client.get(target).text.contains("all/")) }
            }
            try eventually("it is written") { try folder.holds("all/row") && folder.holds("all/single") }
            isNarrow.withValue { $0 = true }
            for target in Self.targets {
                let refresh: MessageFields = ["Authorization": "Bearer anna", "Cache-Control": "no-cache"]
                let own = try larder.get(target, refresh)
                #expect(own.status == 200 && own.fields["Cache-Control"]?.hasPrefix("private") == true, "\(target)")
                // A facet that was confirmed is joined with the key's new list, which has none of its rows.
                if narrowing != .confirmed || !target.contains("?") {
                    #expect(own.text.contains(narrowing == .confirmed ? "all/" : "anna/"), "\(target): \(own.text)")
                }
                for client in clients {
                    let stored = try client.get(target, LiveLarder.onlyIfCached)
                    #expect(stored.status == 504, "\(target): \(stored.text)")
                }
            }
            #expect(try !folder.holds("all/row") && !folder.holds("all/single"))
            for target in Self.targets {
                #expect(try larder.get(target, key: "bert").text.contains("bert/"), "\(target)")
                #expect(try larder.get(target).text.contains("nobody/"), "\(target)")
                #expect(try larder.get(target, key: "anna").isHit, "\(target)")
            }
        }
        upstream.setDown(true)
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            let isWritten = narrowing == .isPrivate || narrowing == .saysNothing
            for target in Self.targets {
                #expect(try larder.get(target, key: "carl").status >= 502, "\(target)")
                for key in ["anna", "bert"] where narrowing != .confirmed {
                    let answer = try larder.get(target, key: key)
                    #expect((answer.status == 200) == isWritten, "\(target) for \(key): \(answer.status)")
                    if isWritten { #expect(answer.text.contains("\(key)/"), "\(target): \(answer.text)") }
                }
            }
        }
    }

    @Test(arguments: [1, 3])
    func `those who waited for the same refresh get their own`(workers: Int) throws {
        let (isNarrow, folder, gate) = (Monitor(false), StateFolder(), OriginGate())
        let upstream = try UpAndDown { request in
            isNarrow.current
                ? .held(gate, Self.list(request.key ?? "nobody", request, ["Cache-Control": "private"]))
                : Self.list("all", request, Replies.shared)
        }
        try LiveLarder.serving(
            before: upstream.origin,
            {
                folder.keep(&$0)
                $0.workers = workers
            }
        ) { larder throws in
            #expect(try larder.get("/providers").status == 200)
            isNarrow.withValue { $0 = true }
            let callers = try (0..<18).map { number in
                try larder.begin(
                    "/providers", ["Authorization": "Bearer key\(number % 6)", "Cache-Control": "no-cache"])
            }
            try gate.waitForArrivals(1)
            try larder.settle()
            gate.open()
            for (number, caller) in callers.enumerated() {
                let text = try caller.readResponse().text
                #expect(text.contains("\"key\(number % 6)/row\""), "\(text)")
            }
        }
    }

    @Test func `a confirmation that was under way when its copy became one key's own does not publish it again`() throws
    {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { request in
            switch request.key {
            case "bert": .held(gate, .status(304))
            case "anna": Self.list("anna", request, ["Cache-Control": "private"])
            default: Self.list("all", request, ["Cache-Control": "public", "ETag": #""all""#])
            }
        }
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/providers").status == 200)
            let bert = try larder.begin("/providers", ["Authorization": "Bearer bert", "Cache-Control": "no-cache"])
            try gate.waitForArrivals(1)
            // It joins nobody, so it ends first.
            let alone: MessageFields = ["Authorization": "Bearer anna", "Cache-Control": "no-cache, no-store"]
            #expect(try larder.get("/providers", alone).text.contains("anna/"))
            gate.open()
            let answer = try bert.readResponse()
            #expect(answer.text.contains("all/row"))
            #expect(answer.fields["Cache-Control"]?.hasPrefix("private") == true)
            for fields: MessageFields in [[:], ["Authorization": "Bearer carl"]] {
                let stored = try larder.get("/providers", fields.adding("Cache-Control", "only-if-cached"))
                #expect(stored.status == 504, "\(stored.text)")
            }
        }
    }

    @Test(arguments: ["public, max-age=120", "s-maxage=60", "public, must-revalidate"])
    func `a 304 never publishes what is one key's own, nor after a restart`(directives: String) throws {
        let folder = StateFolder()
        let upstream = try UpAndDown { request in
            let name = request.key ?? "nobody"
            if request.fields["If-None-Match"] == "\"\(name)\"" { return .status(304, ["Cache-Control": directives]) }
            return Self.list(name, request, ["Cache-Control": "private", "ETag": "\"\(name)\""])
        }
        let targets = ["/models", "/providers"]
        try LiveLarder.serving(before: upstream.origin, { folder.keep(&$0) }) { larder throws in
            for target in targets {
                let refresh: MessageFields = ["Authorization": "Bearer anna", "Cache-Control": "no-cache"]
                for _ in 0..<3 {
                    let own = try larder.get(target, refresh)
                    #expect(own.text.contains("anna/") && own.fields["Cache-Control"]?.hasPrefix("private") == true)
                }
                #expect(try larder.get(target, key: "bert").text.contains("bert/"), "\(target)")
                #expect(try larder.get(target).text.contains("nobody/"), "\(target)")
            }
        }
        #expect(upstream.origin.requests.count { $0.fields["If-None-Match"] != nil } == 4)
        upstream.setDown(true)
        try LiveLarder.serving(before: upstream.origin, { folder.keep(&$0) }) { larder throws in
            for target in targets {
                #expect(try larder.get(target, key: "anna").text.contains("anna/"), "\(target)")
                #expect(try larder.get(target, key: "carl").status >= 502, "\(target)")
            }
        }
    }

    @Test(arguments: [false, true])
    func `what is marked no-store takes the copy on the disk away`(isConfirmed: Bool) throws {
        let (isMarked, folder) = (Monitor(false), StateFolder())
        let upstream = try UpAndDown { request in
            guard isMarked.current else {
                return Self.list("all", request, ["Cache-Control": "public", "ETag": #""all""#])
            }
            let fields: MessageFields = ["Cache-Control": "public, no-store"]
            return isConfirmed ? .status(304, fields) : Self.list("new", request, fields)
        }
        try LiveLarder.serving(before: upstream.origin, { folder.keep(&$0) }) { larder throws in
            #expect(try larder.get("/providers").status == 200)
            try eventually("it is written") { try folder.holds("all/row") }
            isMarked.withValue { $0 = true }
            #expect(try larder.get("/providers", ["Cache-Control": "no-cache"]).status == 200)
            #expect(try !folder.holds("all/row") && !folder.holds("new/row"))
            #expect(try larder.get("/providers").isHit)
        }
        #expect(try !folder.holds("all/row") && !folder.holds("new/row"))
    }
}

extension MessageFields {
    /// These and one more.
    func adding(_ name: String, _ value: String) -> MessageFields {
        var fields = self
        fields[name] = value
        return fields
    }
}
