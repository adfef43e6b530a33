import Bytes
import EventLoop
import Glibc
import HTTPClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(300))) struct TLSTests {
    @Test func `a certificate that nobody vouches for is refused, and its issuer is named`() throws {
        let origin = try TLSOrigin(.page, authority: "Nobody's Authority")
        defer { origin.stop() }
        guard case .tls(let why) = try fetch(origin.url).failure else {
            Issue.record("no TLS failure")
            return
        }
        #expect(why.contains("certificate"))
        #expect(why.contains("Nobody's Authority"), "\(why)")
    }

    @Test func `the CA file's authority is trusted`() throws {
        let origin = try TLSOrigin(.page)
        defer { origin.stop() }
        let response = try fetch(origin.url, settings: settings { $0.caFile = origin.caFile }).get()
        #expect(response.status == 200)
        #expect(response.body.count > 0)
    }

    @Test func `the CA file serves every connection of a client`() throws {
        let origin = try TLSOrigin(.page)
        defer { origin.stop() }
        var names: [String] = []
        try withClient(settings { $0.caFile = origin.caFile }) { client, _ in
            func next() {
                client.fetch(FetchRequest(url: origin.url)) { outcome in
                    names.append(outcome.name)
                    if names.count < 3 { next() }
                }
            }
            next()
        }
        #expect(names == ["200", "200", "200"])
    }

    @Test func `the certificates are reported to those who ask for them`() throws {
        let origin = try TLSOrigin(.page, authority: "Larder's Own")
        defer { origin.stop() }
        var request = FetchRequest(url: origin.url)
        for wants in [true, false] {
            request.wantsCertificates = wants
            var shown: [[ServerCertificate]] = []
            try withClient(settings { $0.caFile = origin.caFile }) { client, _ in
                client.fetch(request) { shown.append((try? $0.get().certificates) ?? []) }
            }
            let certificates = try #require(shown.first)
            #expect(certificates.isEmpty != wants)
            guard let own = certificates.first else { continue }
            #expect(own.subject.contains("Larder Test Server"), "\(own)")
            #expect(own.issuer.contains("Larder's Own"), "\(own)")
            #expect(own.expires.hasSuffix("GMT"), "\(own)")
        }
    }

    @Test func `a certificate for another name is refused, even of a trusted issuer`() throws {
        let origin = try TLSOrigin(.page, name: "DNS:elsewhere.example")
        defer { origin.stop() }
        let failure = try fetch(origin.url, settings: settings { $0.caFile = origin.caFile }).failure
        #expect(failure?.name == "tls")
    }

    @Test func `a server without TLS is a TLS failure`() throws {
        let origin = try Origin { connection in connection.send("HTTP/1.1 400 Bad Request\r\n\r\n") }
        defer { origin.stop() }
        let url = origin.url.replacing("http://", with: "https://")
        #expect(try fetch(url).failure?.name == "tls")
    }

    @Test func `a server that never shakes hands is given up`() throws {
        let origin = try Origin { $0.hang() }
        defer { origin.stop() }
        let url = origin.url.replacing("http://", with: "https://")
        let failure = try failure(expecting: .timeout(.handshake)) { limit in
            try fetch(url, settings: settings { $0.connectTimeout = limit }).failure
        }
        #expect(failure == .timeout(.handshake))
    }

    /// The beginning of a body, 1,000 bytes: for so many room is asked for.
    private static let part = "{\"data\":[" + String(repeating: " ", count: 991)

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\n\r\n\(TLSTests.part)",
        "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n\(TLSTests.part)",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n\(TLSTests.part)\r\n",
    ])
    func `a body that ends without TLS's goodbye is cut, even where no length is given`(text: String) throws {
        let origin = try TLSOrigin(.byHand)
        defer { origin.stop() }
        origin.send(text)
        var failures: [FetchFailure?] = []
        try withClient(settings { $0.caFile = origin.caFile }) { client, _ in
            let mayReceive: (Int) -> Bool = { _ in
                origin.kill()
                return true
            }
            client.fetch(FetchRequest(url: origin.url), mayReceive: mayReceive) { failures.append($0.failure) }
        }
        #expect(failures.map { $0?.name } == ["cut"], "\(failures)")
    }

    @Test func `a CA file that cannot be used is an error that names it`() throws {
        let loop = Loop()
        defer { loop.close() }
        for (path, reason) in [("/nonexistent/ca.pem", "cannot be read"), ("/etc/hostname", "no certificate")] {
            #expect {
                try UpstreamClient(on: loop, settings: settings { $0.caFile = path })
            } throws: { error in
                "\(error)".contains(path) && "\(error)".contains(reason)
            }
        }
        #expect(loop.openHandles == 0)
    }
}
