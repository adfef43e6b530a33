import Bytes
import HTTPCore
import Testing

@testable import Serving

@Suite("Lines of the access log")
struct AccessFormatterTests {
    private func line(
        _ format: LineFormat, _ route: Route, _ path: String, method: Method = .get, age: Int? = 12,
        key: UInt64 = 0x1A2B_3C4D_9999_9999
    ) -> String {
        let record = AccessRecord(
            method: method, label: AccessLabel(route: route, path: Array(path.utf8).span, format: format), status: 200,
            decision: .hit, age: age, bytes: 1234, nanoseconds: 35_999, key: key)
        var formatter = AccessFormatter(format)
        var out = ByteBuilder()
        formatter.append(record, wallSeconds: 1_795_249_800, to: &out)
        return out.span.text()
    }

    @Test("As text")
    func text() {
        #expect(
            line(.text, .models, "/api/v1/models")
                == "2026-11-21T08:30:00Z info access GET models /api/v1/models 200 hit bytes=1234 key=1a2b3c4d "
                + "age=12 us=35\n")
        #expect(
            line(.text, .models, "/models", method: .head, age: nil, key: 0).hasSuffix(
                "hit bytes=1234 key=\"no key\" us=35\n"))
    }

    @Test("As JSON")
    func json() {
        #expect(
            line(.json, .models, "/api/v1/models")
                == #"{"time":"2026-11-21T08:30:00Z","level":"info","event":"access","method":"GET","route":"models","#
                + #""path":"/api/v1/models","status":200,"decision":"hit","bytes":1234,"key":"1a2b3c4d","age":12,"us":35}"#
                + "\n")
        #expect(
            line(.json, .models, "/models", age: nil, key: 0).contains(#""hit","bytes":1234,"key":"no key","us":35}"#))
    }

    @Test("The line of a hit is the same as if it were made as a whole", arguments: [LineFormat.text, .json])
    func hit(format: LineFormat) {
        let answer = Answer.make(from: .make(), body: "{}", target: "/api/v1/models")
        var formatter = AccessFormatter(format)
        for key in [0, 0x1A2B_3C4D_9999_9999] as [UInt64] {
            var parts = ByteBuilder()
            formatter.append(
                hit: answer.hitLine(format), key: key, age: 12, nanoseconds: 35_999, wallSeconds: 1_795_249_800,
                to: &parts)
            var whole = ByteBuilder()
            let record = AccessRecord(
                method: .get, label: answer.label(format), status: 200, decision: .hit, age: 12, bytes: 2,
                nanoseconds: 35_999, key: key)
            formatter.append(record, wallSeconds: 1_795_249_800, to: &whole)
            #expect(parts.span.text() == whole.span.text())
        }
    }

    @Test("What is not a hit has the client's address and an identifier", arguments: [LineFormat.text, .json])
    func clientAndID(format: LineFormat) {
        let label = AccessLabel(route: .model(8..<9, isPlural: true), path: "/models/a".utf8.span, format: format)
        let record = AccessRecord(
            method: .get, label: label, status: 404, decision: .miss, age: nil, bytes: 0, nanoseconds: 1_000, key: 0,
            client: "[::1]:4711", id: RequestID(0xAB))
        var formatter = AccessFormatter(format, hasPrefix: true)
        var out = ByteBuilder()
        formatter.append(record, wallSeconds: 1_795_249_800, to: &out)
        let line = out.span.text()
        #expect(line.hasPrefix(format == .text ? "<6>2026-11-21T08:30:00Z info access" : #"<6>{"time":"2026-"#))
        #expect(
            line.hasSuffix(
                format == .text
                    ? " us=1 client=[::1]:4711 request_id=00000000000000ab\n"
                    : #""us":1,"client":"[::1]:4711","request_id":"00000000000000ab"}"# + "\n"))
    }

    @Test("A line without a label is whole as well")
    func noLabel() {
        var formatter = AccessFormatter(.json)
        var out = ByteBuilder()
        let record = AccessRecord(
            method: .other, label: AccessLabel(route: .none), status: 400, decision: .refused, age: nil, bytes: 0,
            nanoseconds: 0, key: 0)
        formatter.append(record, wallSeconds: 0, to: &out)
        #expect(out.span.text().contains(#""method":"OTHER","status":400,"decision":"refused","bytes":0"#))
    }

    @Test(
        "What a client writes into a path can neither end the line nor its string",
        arguments: ["/models/a/\"b", "/models/a/\\b", "/models/a/\u{1}", "/models/a/b\r\nlevel", "/models/ü/b\u{7F}"])
    func injection(path: String) {
        for format in [LineFormat.text, .json] {
            let line = line(format, .model(8..<path.utf8.count, isPlural: true), path)
            #expect(line.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1 && line.hasSuffix("\n"))
            #expect(line.utf8.dropLast().allSatisfy { (0x20...0x7E).contains($0) })
            #expect(!line.contains("\\"))
            if format == .json { #expect(line.filter { $0 == "\"" }.count == 40) }
        }
    }

    @Test(
        "Of a path that is passed through only plain words are shown",
        arguments: [
            ("/api/v1/chat/completions", "/api/v1/chat/completions"), ("/v1/keys/9f8e7d6c5b4a", "/v1/keys/*"),
            ("/sk-or-v1-0123456789", "/*"), ("/", "/"), ("//x", "//x"), ("", ""), ("/Abc/%41", "/*/*"),
            ("/a/b/c/d/e/f/g/h/i/j", "/a/b/c/d/e/f/g/h/..."), ("/abcdefghijklmnopqrstuvwxyz", "/*"),
        ])
    func words(path: String, shown: String) {
        #expect(line(.text, .other, path).contains(" GET other \(shown) 200 "))
    }

    @Test("A long path is cut")
    func long() {
        let line = line(.text, .models, "/" + String(repeating: "m", count: 8000))
        #expect(line.utf8.count < 300)
    }
}
