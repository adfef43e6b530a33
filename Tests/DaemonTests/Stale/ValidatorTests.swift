import Daemon
import Settings
import TestSupport
import Testing

/// Copies that upstream is asked about rather than for, where it gave validators.
@Suite(.timeLimit(.minutes(300))) struct ValidatorTests {
    private static let tagged: MessageFields = [
        "Cache-Control": "public, max-age=100", "ETag": #""one""#, "Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT",
    ]

    @Test(arguments: [Duration.zero, .seconds(3600)])
    func `both validators are sent back, and a 304 makes the copy fresh again`(window: Duration) throws {
        let origin = try ScriptedOrigin { request in
            if request.fields["If-None-Match"] == nil { return Replies.catalogue(Self.tagged) }
            return .status(304, ["ETag": #""one""#, "Cache-Control": "public, max-age=1000"])
        }
        try LiveLarder.serving(
            before: origin,
            {
                $0.ttl.catalog = .milliseconds(400)
                $0.stale.whileRevalidate = window
            }
        ) { larder throws in
            let first = try larder.get("/models")
            try larder.waitUntilStale("/models")
            let second = try larder.get("/models")
            try origin.waitForRequests(2)
            let asked = origin.requests[1]
            #expect(asked.fields["If-None-Match"] == #""one""#)
            #expect(asked.fields["If-Modified-Since"] == "Mon, 02 Nov 2026 10:00:00 GMT")
            #expect(second.status == 200 && second.body == first.body)
            #expect(second.fields["ETag"] == first.fields["ETag"])
            #expect(second.fields["Last-Modified"] == "Mon, 02 Nov 2026 10:00:00 GMT")
            if window == .zero { #expect(second.cacheStatus == "larder; fwd=stale; fwd-status=304; stored") }
            // It is asked about again and again, with the same validators.
            try eventually("it is asked about once more") {
                _ = try larder.get("/models")
                return origin.requests.count > 3
            }
            #expect(origin.requests.dropFirst().allSatisfy { $0.fields["If-None-Match"] == #""one""# })
        }
    }

    @Test func `the directives of the 304 rule from then on`() throws {
        let origin = try ScriptedOrigin { request in
            if request.fields["If-None-Match"] == nil {
                return Replies.catalogue(["Cache-Control": "public, max-age=1", "ETag": #""one""#])
            }
            return .status(304, ["Cache-Control": "public, max-age=1000"])
        }
        try LiveLarder.serving(before: origin, { $0.ttl.respectUpstream = true }) { larder throws in
            let first = try larder.get("/models")
            #expect(first.fields["Cache-Control"] == "public, max-age=1")
            try larder.waitUntilStale("/models")
            let second = try larder.get("/models")
            #expect(second.body == first.body && second.fields["ETag"] == first.fields["ETag"])
            #expect(second.fields["Cache-Control"] == "public, max-age=1000")
            #expect(try larder.get("/models").cacheVerdict == "larder; hit; ttl=N")
        }
        #expect(origin.requests.count == 2)
    }

    @Test func `a 304 that no longer says public makes the copy the key's own`() throws {
        let origin = try ScriptedOrigin { request in
            if request.fields["If-None-Match"] == nil {
                return Replies.catalogue(["Cache-Control": "public", "ETag": #""one""#])
            }
            return .status(304, ["Cache-Control": "private"])
        }
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/models", key: "anna").status == 200)
            #expect(try larder.get("/models", key: "bert").isHit)
            let forced = try larder.get("/models", ["Authorization": "Bearer anna", "Cache-Control": "no-cache"])
            #expect(forced.fields["Cache-Control"]?.hasPrefix("private") == true)
            #expect(try larder.get("/models", key: "anna").isHit)
            // Bert has to ask for himself, and has nothing to ask about.
            #expect(try larder.get("/models", key: "bert").cacheStatus.hasPrefix("larder; fwd=miss"))
            #expect(origin.requests.last?.fields["If-None-Match"] == nil)
            #expect(origin.requests.last?.key == "bert")
        }
    }

    @Test func `each key asks about its own copy`() throws {
        let origin = try ScriptedOrigin { request in
            let key = request.key ?? ""
            if request.fields["If-None-Match"] != nil { return .status(304) }
            return Replies.list(["\(key)/own"], ["Cache-Control": "private", "ETag": "\"of-\(key)\""])
        }
        try LiveLarder.serving(before: origin, { $0.ttl.user = .milliseconds(400) }) { larder throws in
            for key in ["anna", "bert"] {
                let first = try larder.get("/models/user", key: key)
                try larder.waitUntilStale("/models/user", ["Authorization": "Bearer \(key)"])
                let second = try larder.get("/models/user", key: key)
                #expect(second.text.contains("\(key)/own") && second.body == first.body)
                #expect(origin.requests.last?.fields["If-None-Match"] == "\"of-\(key)\"")
            }
        }
        #expect(origin.requests.count == 4)
    }

    @Test(arguments: [(#""one""#, #"W/"one""#), (#"W/"one""#, #""one""#)])
    func `a 304 whose tag differs in its weakness alone confirms the copy`(kept: String, confirming: String) throws {
        let origin = try ScriptedOrigin { request in
            if request.fields["If-None-Match"] == nil {
                return Replies.catalogue(["Cache-Control": "public", "ETag": kept])
            }
            return .status(304, ["ETag": confirming])
        }
        try LiveLarder.serving(before: origin, { $0.ttl.catalog = .milliseconds(400) }) { larder throws in
            let first = try larder.get("/models")
            try larder.waitUntilStale("/models")
            let second = try larder.get("/models")
            #expect(second.body == first.body && second.fields["ETag"] == first.fields["ETag"])
            #expect(second.cacheStatus == "larder; fwd=stale; fwd-status=304; stored")
            try eventually("it is asked about again and again") {
                _ = try larder.get("/models")
                return origin.requests.count > 3
            }
            #expect(origin.requests.dropFirst().allSatisfy { $0.fields["If-None-Match"] == kept })
        }
    }

    @Test func `after a 304 about another representation the same fetch asks for the body`() throws {
        let origin = try ScriptedOrigin { request in
            if request.fields["If-None-Match"] == nil {
                return Replies.list(["fetch/number-\(request.number)"], Self.tagged)
            }
            return .status(304, ["ETag": #""two""#])
        }
        try LiveLarder.serving(before: origin, { $0.ttl.catalog = .milliseconds(400) }) { larder throws in
            #expect(try larder.get("/models").text.contains("number-1"))
            try larder.waitUntilStale("/models")
            let second = try larder.get("/models")
            #expect(second.status == 200 && second.text.contains("number-3"))
            #expect(second.cacheStatus == "larder; fwd=stale; fwd-status=200; stored")
            #expect(origin.requests.map { $0.fields["If-None-Match"] != nil } == [false, true, false])
            #expect(origin.requests.map { $0.fields["If-Modified-Since"] != nil } == [false, true, false])
        }
    }

    @Test(arguments: [false, true])
    func `upstream that answers 304 to that too has failed, and is left alone`(hasStaleCopy: Bool) throws {
        let origin = try ScriptedOrigin { request in
            request.number == 1 ? Replies.catalogue(Self.tagged) : .status(304, ["ETag": #""two""#])
        }
        try LiveLarder.serving(
            before: origin,
            {
                $0.ttl.catalog = .milliseconds(400)
                $0.stale.ifError = hasStaleCopy ? .seconds(3600) : .zero
            }
        ) { larder throws in
            let first = try larder.get("/models")
            try larder.waitUntilStale("/models")
            let second = try larder.get("/models")
            if hasStaleCopy {
                #expect(second.status == 200 && second.body == first.body)
            } else {
                #expect(second.status == 502)
            }
            #expect(origin.requests.map { $0.fields["If-None-Match"] != nil }.prefix(3) == [false, true, false])
            try eventually("a fetch after the pause") {
                _ = try larder.get("/models")
                return origin.requests.count > 3
            }
            // It has nothing to ask about any more, so each fetch is one request.
            #expect(origin.requests.dropFirst(2).allSatisfy { $0.fields["If-None-Match"] == nil })
        }
    }

    @Test func `a new representation has new validators`() throws {
        let origin = try ScriptedOrigin { request in
            Replies.list(
                ["fetch/number-\(request.number)"], ["Cache-Control": "public", "ETag": "\"\(request.number)\""])
        }
        try LiveLarder.serving(before: origin) { larder throws in
            _ = try larder.get("/models")
            for number in 2...4 {
                let forced = try larder.get("/models", ["Cache-Control": "no-cache"])
                #expect(forced.text.contains("number-\(number)"))
                #expect(origin.requests.last?.fields["If-None-Match"] == "\"\(number - 1)\"")
            }
        }
    }
}
