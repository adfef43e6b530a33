import Testing

@testable import Commands

@Suite struct RemedyTests {
    @Test(arguments: [
        ("SSL certificate problem: certificate has expired", "must renew it"),
        ("SSL certificate problem: certificate is not yet valid", "set this machine's clock"),
        ("SSL certificate problem: self-signed certificate in certificate chain", "upstream.ca_file"),
        ("SSL certificate problem: unable to get local issuer certificate", "upstream.ca_file"),
        ("SSL: no alternative certificate subject name matches target host name 'a'", "check the host in upstream.url"),
        ("wrong version number", "check the proxy"),
    ])
    func `each failure of TLS has its own remedy`(why: String, remedy: String) {
        #expect(Remedy.ofTLS(why).contains(remedy))
        #expect(Remedy.ofTLS(why).contains("ca_file") == remedy.contains("ca_file"))
    }

    @Test(arguments: [401, 403, 429, 500, 502, 503, 504]) func `a right address is not called wrong`(status: Int) {
        #expect(!Remedy.ofStatus(status).contains("check upstream.url"))
        #expect(!Remedy.ofStatus(status).contains("check the path"))
    }

    @Test(arguments: [
        (404, "check the path in upstream.url"), (407, "upstream.proxy"), (508, "Larder itself"),
        (418, "check upstream.url"),
    ])
    func `any other status has its own remedy`(status: Int, remedy: String) {
        #expect(Remedy.ofStatus(status).contains(remedy))
    }
}

@Suite struct CertificateRuleTests {
    @Test(
        arguments: [
            ("Nov 25 12:00:00 2026 GMT", 1_795_608_000), ("Jan  1 00:00:00 1970 GMT", 0),
            ("Feb 29 23:59:59 2028 GMT", 1_835_481_599),
        ] as [(String, Int64)])
    func `a time of OpenSSL is read`(text: String, seconds: Int64) {
        #expect(CertificateRule.time(text) == seconds)
    }

    @Test(arguments: [
        "", "soon", "Nov 25 2026", "Foo 25 12:00:00 2026 GMT", "Nov 99 12:00:00 2026 GMT", "Nov 25 12:00 2026 GMT",
    ])
    func `anything else is no time`(text: String) { #expect(CertificateRule.time(text) == nil) }

    @Test func `a warning begins fourteen days before the first end`() {
        let end = "Nov 25 12:00:00 2026 GMT"
        let seconds: Int64 = 1_795_608_000
        #expect(CertificateRule.warning([end], now: seconds - 14 * 86_400) == nil)
        #expect(CertificateRule.warning([end], now: seconds - 14 * 86_400 + 1)?.contains("ends in 13 days") == true)
        #expect(
            CertificateRule.warning(["Nov 25 12:00:00 2030 GMT", end], now: seconds - 90_000)?.contains("1 day:")
                == true)
        #expect(CertificateRule.warning([end], now: seconds - 5)?.contains("less than a day") == true)
        #expect(CertificateRule.warning(["", "x"], now: 0) == nil)
    }
}
