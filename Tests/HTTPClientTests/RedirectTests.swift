import EventLoop
import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(300))) struct RedirectTests {
    /// A server where `/n` redirects to `/n-1`, and `/0` answers.
    private func stairs() throws -> Origin {
        try Origin { connection in
            while let request = connection.request() {
                let path = request.split(separator: " ")[1].dropFirst()
                guard let step = Int(path), step > 0 else {
                    connection.send(ok("ground \(path)"))
                    continue
                }
                connection.send("HTTP/1.1 302 Found\r\nLocation: \(step - 1)\r\nContent-Length: 3\r\n\r\nold")
            }
        }
    }

    @Test(arguments: [0, 1, 2, 3])
    func `up to three redirects are followed, with the key`(count: Int) throws {
        let origin = try stairs()
        defer { origin.stop() }
        let outcome = try fetch("\(origin.url)/\(count)", fields: [("Authorization", "Bearer k")])
        #expect(outcome.text == "ground 0")
        #expect(origin.requests.count == count + 1)
        #expect(origin.requests.allSatisfy { $0.contains("Authorization: Bearer k\r\n") })
        #expect(origin.connections == 1)
    }

    @Test func `a fourth is not`() throws {
        let origin = try stairs()
        defer { origin.stop() }
        #expect(try fetch("\(origin.url)/4").failure == .tooManyRedirects(limit: 3))
        #expect(origin.requests.count == 4)
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `each kind of redirect is followed`(status: Int) throws {
        let origin = try Origin { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 \(status) X\r\nLocation: /there?a=b c#part\r\nContent-Length: 0\r\n\r\n")
            _ = connection.request()
            connection.send(ok("there"))
        }
        defer { origin.stop() }
        #expect(try fetch("\(origin.url)/here").text == "there")
        #expect(origin.requests.last?.hasPrefix("GET /there?a=b") == true)
        #expect(origin.requests.last?.contains("#") == false)
    }

    @Test(arguments: [300, 304, 305, 399])
    func `other statuses with a location are responses`(status: Int) throws {
        let origin = try Origin(answering: "HTTP/1.1 \(status) X\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
        defer { origin.stop() }
        #expect(try fetch(origin.url).status == status)
    }

    @Test func `a redirect without a location is a response`() throws {
        let origin = try Origin(answering: "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")
        defer { origin.stop() }
        #expect(try fetch(origin.url).status == 302)
    }

    @Test(arguments: ["http://", "//", "HTTP://"])
    func `another origin is not asked`(form: String) throws {
        let other = try Origin(answering: ok("stolen"))
        defer { other.stop() }
        let position = other.url.dropFirst("http://".count)
        let origin = try Origin(
            answering: "HTTP/1.1 302 Found\r\nLocation: \(form)\(position)/\r\nContent-Length: 0\r\n\r\n")
        defer { origin.stop() }
        let outcome = try fetch(origin.url, fields: [("Authorization", "Bearer k")])
        #expect(outcome.failure == .redirectElsewhere(other.url))
        #expect(other.connections == 0)
    }

    @Test func `the same host by another scheme or name is another origin`() throws {
        for location in ["https://127.0.0.1/", "http://localhost/", "http://127.0.0.1/"] {
            let origin = try Origin(
                answering: "HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n")
            defer { origin.stop() }
            #expect(try fetch(origin.url).failure?.name == "redirect-elsewhere")
        }
    }

    @Test(arguments: ["javascript:alert(1)", "http://", "http://user:word@127.0.0.1/", "ftp://127.0.0.1/"])
    func `a location that cannot be asked is malformed`(location: String) throws {
        let origin = try Origin(answering: "HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n")
        defer { origin.stop() }
        #expect(try fetch(origin.url).failure?.name == "malformed")
    }

    @Test func `the time limit holds for all redirects together`() throws {
        let origin = try Origin { connection in
            while connection.request() != nil {
                for _ in 0..<120 { pause() }
                connection.send("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")
            }
        }
        defer { origin.stop() }
        let failure = try fetch(origin.url, settings: settings { $0.timeout = 250 }).failure
        // With a millisecond left, the next request need not have begun.
        guard case .timeout? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }
}
