import Daemon
import TestSupport
import Testing

/// What a browser gets that is pointed at Larder's port.
@Suite(.timeLimit(.minutes(300))) struct FrontDoorTests {
    private static let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

    private static func serving(_ body: (ScriptedOrigin, LiveLarder) throws -> Void) throws {
        let origin = try ScriptedOrigin { _ in .json("{}") }
        try LiveLarder.serving(before: origin) { larder throws in try body(origin, larder) }
    }

    @Test func `a browser at the root is led to the page`() throws {
        try Self.serving { origin, larder throws in
            for target in ["/", "/?x=y", "http://localhost", "http://localhost/"] {
                for accept in [Self.browser, "TEXT/HTML", "application/json, text/html;q=0.1"] {
                    let answer = try larder.get(target, ["Accept": accept, "Sec-Fetch-Mode": "navigate"])
                    #expect(answer.status == 302 && answer.fields["Location"] == "_larder/", "\(target) \(accept)")
                    #expect(answer.fields["Cache-Control"] == "no-store")
                }
            }
            #expect(try larder.request("HEAD", "/", ["Accept": Self.browser]).status == 302)
            #expect(origin.requests.isEmpty)
        }
    }

    @Test func `whatever else asks for the root goes upstream`() throws {
        try Self.serving { origin, larder throws in
            for accept in ["*/*", "application/json", "text/*", "text/htmlx", ""] {
                #expect(try larder.get("/", ["Accept": accept]).status == 200)
            }
            #expect(try larder.get("/").status == 200)
            #expect(try larder.request("POST", "/", ["Accept": Self.browser]).status == 200)
            for target in ["/api/v1", "/api/v1/", "/v1/", "/key"] {
                #expect(try larder.get(target, ["Accept": Self.browser]).status == 200)
            }
            #expect(origin.requests.count == 11)
        }
    }

    @Test func `the icon is Larder's own`() throws {
        try Self.serving { origin, larder throws in
            let icon = try larder.get("/favicon.ico", ["Accept": "image/avif,image/webp,*/*", "Cookie": "other=app"])
            #expect(icon.status == 200 && icon.fields["Content-Type"] == "image/vnd.microsoft.icon")
            // The header of the format: reserved, kind 1, two pictures; each is a PNG within the file.
            #expect(
                icon.body.starts(with: [0, 0, 1, 0, 2, 0]) && icon.fields["Content-Length"] == "\(icon.body.count)")
            for entry in 0..<2 {
                let at = 6 + entry * 16
                let size = Int(icon.body[at + 8]) | Int(icon.body[at + 9]) << 8
                let offset = Int(icon.body[at + 12]) | Int(icon.body[at + 13]) << 8
                #expect(
                    icon.body[offset...].starts(with: [0x89, 0x50, 0x4E, 0x47]) && offset + size <= icon.body.count)
            }
            let tag = try #require(icon.fields["ETag"])
            #expect(try larder.get("/favicon.ico", ["If-None-Match": tag]).status == 304)
            let head = try larder.request("HEAD", "/favicon.ico")
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(origin.requests.isEmpty)
        }
    }
}
