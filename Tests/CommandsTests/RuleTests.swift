import Bytes
import HTTPClient
import HTTPCore
import Settings
import Testing

@testable import Commands

@Suite struct ProxyRuleTests {
    private func rule(
        _ environment: [String: String], setting: String? = nil, scheme: String = "https",
        host: String = "openrouter.ai"
    ) -> ProxyRule? {
        ProxyRule(scheme: scheme, host: host, setting: setting, environment: environment)
    }

    @Test func `the setting goes over the environment, and none over both`() {
        let environment = ["HTTPS_PROXY": "http://env:1"]
        #expect(rule(environment, setting: "http://own:2")?.origin == "upstream.proxy")
        #expect(rule(environment, setting: "http://own:2")?.proxy == "http://own:2")
        #expect(rule(environment, setting: "") != nil)
        #expect(rule(environment, setting: "")?.proxy == nil)
        #expect(rule([:]) == nil)
    }

    @Test(arguments: [
        ("https", ["HTTPS_PROXY": "p"], "HTTPS_PROXY"),
        ("https", ["HTTPS_PROXY": "p", "https_proxy": "q"], "https_proxy"),
        ("https", ["ALL_PROXY": "p"], "ALL_PROXY"), ("http", ["http_proxy": "p"], "http_proxy"),
    ])
    func `the variable that rules is named`(scheme: String, environment: [String: String], origin: String) {
        #expect(rule(environment, scheme: scheme)?.origin == origin)
    }

    @Test func `HTTP_PROXY in capitals and empty variables say nothing`() {
        #expect(rule(["HTTP_PROXY": "p"], scheme: "http") == nil)
        #expect(rule(["HTTPS_PROXY": ""]) == nil)
        #expect(ProxyRule.unread(scheme: "http", ["HTTP_PROXY": "p"]) == "HTTP_PROXY")
        #expect(ProxyRule.unread(scheme: "http", ["HTTP_PROXY": "", "HTTPS_PROXY": "p"]) == nil)
        #expect(ProxyRule.unread(scheme: "https", ["HTTP_PROXY": "p"]) == nil)
    }

    @Test(arguments: [
        ("*", true), ("openrouter.ai", true), (".openrouter.ai", true), ("x.org, OpenRouter.AI", true), ("ai", true),
        ("", false), ("router.ai", false), ("api.openrouter.ai", false), ("openrouter.ai.", true),
    ])
    func `NO_PROXY exempts a host and the domains that it is in`(list: String, isExempt: Bool) {
        let rule = rule(["HTTPS_PROXY": "http://p:1", "NO_PROXY": list])
        #expect((rule?.proxy == nil) == isExempt)
        #expect(rule?.origin == (isExempt ? "NO_PROXY" : "HTTPS_PROXY"))
    }

    @Test(arguments: [
        ("10.1.2.3", true), ("10.0.0.0/8", true), ("10.1.2.0/24", true), ("x.org,10.1.2.2/31", true), ("*", true),
        ("10.1.2.4", false), ("10.1.3.0/24", false), ("10.0.0.0/33", false), ("10.0.0.0/", false), ("0.0.0.0/0", false),
        ("3", false), ("10.1.2", false), ("", false),
    ])
    func `NO_PROXY exempts an address and the networks that it is in`(list: String, isExempt: Bool) {
        #expect(ProxyRule.exempts("10.1.2.3", list) == isExempt)
    }

    @Test(arguments: [
        ("fd00::1:2", true), ("fd00:0:0::0001:0002", true), ("fd00::/8", true), ("x.org,fd00::1:3/127", true),
        ("*", true),
        ("[fd00::1:2]", false), ("fd00::1:4/127", false), ("fd00::/129", false), ("::/0", false), ("fe00::/8", false),
        ("2", false), ("0.0.0.0/0", false), ("", false),
    ])
    func `NO_PROXY exempts an address of version 6 too, without brackets`(list: String, isExempt: Bool) {
        #expect(ProxyRule.exempts("[fd00::1:2]", list) == isExempt)
    }

    @Test func `a password is not shown`() {
        #expect(rule(["HTTPS_PROXY": "http://u:hunter2@p:1"])?.proxy.map(URLText.masked) == "http://***@p:1")
    }
}

@Suite struct UpstreamCheckTests {
    @Test func `a message that may name a user is not shown, whatever mark follows the name's prefix`() {
        for message in ["user_1", "User_\u{301}1", "an ORG_\u{301}2"] {
            let body = SharedBytes(utf8: "{\"error\":{\"message\":\"\(message)\"}}")
            #expect(ErrorBody.message(body) == message && ErrorBody.shareableMessage(body) == nil)
        }
    }

    @Test(arguments: [
        ("[2606:4700::1]:443", "[2606:4700::1]"), ("[::1]:443", "[::1]"), ("[fe80::]:443", "[fe80::]"),
        ("192.0.2.1:443", "192.0.2.1"), ("name", "name"),
    ])
    func `an address without its port keeps all of its own colons`(address: String, shown: String) {
        #expect(UpstreamCheck.withoutPort(address) == shown)
    }
}

@Suite struct ClockRuleTests {
    private static let now: Int64 = 1_795_000_000

    private func finding(_ seconds: Int64, age: String? = nil) -> Diagnosis {
        var bytes = ByteBuilder()
        HTTPDate.append(Self.now + seconds, to: &bytes)
        return ClockRule.finding(date: bytes.span.text(), age: age, now: Self.now)
    }

    @Test(arguments: [-5, 0, 5] as [Int64]) func `a few seconds are no difference`(seconds: Int64) {
        #expect(finding(seconds).verdict == .ok)
    }

    @Test func `a clock that is wrong is told which way`() {
        #expect(finding(-600).verdict == .warn && finding(-600).text.hasPrefix("10m ahead of upstream's"))
        #expect(finding(7_200).verdict == .warn && finding(7_200).text.hasPrefix("2h behind upstream's"))
    }

    @Test(arguments: ["9223372036854775807", "9223372036854775806", "-9223372036854775808", "99999999999999999999"])
    func `an age that no answer can have ends nothing`(age: String) {
        for seconds in [-600, 0, 600] as [Int64] { #expect(finding(seconds, age: age).check == "clock") }
    }

    @Test func `an answer that a cache kept is as old as it says`() {
        #expect(finding(-600, age: "600").verdict == .ok)
    }

    @Test func `without a date there is nothing to compare`() {
        #expect(ClockRule.finding(date: nil, age: nil, now: Self.now).verdict == .skip)
        #expect(ClockRule.finding(date: "yesterday", age: nil, now: Self.now).verdict == .warn)
    }
}

@Suite struct IssuerRuleTests {
    @Test(arguments: [
        "C = US, O = Zscaler Inc., CN = Zscaler Intermediate Root CA", "CN = mitmproxy, O = mitmproxy",
        "O = Example Corp, CN = Example TLS Inspection CA", "O = AVG Technologies, CN = AVG Web",
    ])
    func `an interceptor gives itself away`(issuer: String) {
        #expect(IssuerRule.suspicion(issuer) != nil)
    }

    @Test(arguments: [
        "C = US, O = Let's Encrypt, CN = E6", "C = US, O = Google Trust Services, CN = WE1",
        "C = GB, O = Sectigo Limited, CN = Sectigo ECC Domain Validation Secure Server CA",
        "C = US, O = DigiCert Inc, CN = DigiCert Global Root G2",
        "C = US, O = Internet Security Research Group, CN = ISRG Root X1",
        "C = US, O = Amazon, CN = Amazon RSA 2048 M02",
    ])
    func `an authority of the web does not`(issuer: String) {
        #expect(IssuerRule.suspicion(issuer) == nil)
    }
}
