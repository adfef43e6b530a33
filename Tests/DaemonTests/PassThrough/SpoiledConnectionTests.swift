import Daemon
import TestSupport
import Testing

/// What upstream sends unasked on a kept connection gets to nobody.
@Suite(.timeLimit(.minutes(300))) struct SpoiledConnectionTests {
    @Test(arguments: ["/providers", "/key"], [("GET", "/endpoints/zdr"), ("GET", "/key?2"), ("POST", "/key?2")])
    func `a late second response is no answer to the next request`(
        first: String, next: (method: String, target: String)
    ) throws {
        let gate = OriginGate()
        let late = Array("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"data\":\"late\"}".utf8)
        let origin = try ScriptedOrigin { request in
            let own = #"{"data":"\#(request.target)"}"#
            guard request.target.hasSuffix(first) else { return .json(own) }
            return .response(
                status: 200, fields: ["Content-Type": "application/json", "Content-Length": "\(own.utf8.count)"],
                body: .gated(Array(own.utf8), gate, late))
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let client = try larder.connect()
            #expect(try client.get(first).text == #"{"data":"/api/v1\#(first)"}"#)
            gate.open()
            // It has to be there before the next request, or it is the answer to that one.
            try origin.waitForGatedBodies(1)
            for suffix in ["", "&again"] where next.target.contains("?") || suffix.isEmpty {
                let target = next.target + suffix
                let answer = try client.request(next.method, target, body: next.method == "POST" ? [65] : [])
                #expect(answer.text == #"{"data":"/api/v1\#(target)"}"#)
                #expect(origin.requests.filter { $0.target.hasSuffix(target) }.count == 1)
            }
        }
        #expect(origin.connectionsAccepted == 2)
    }
}
