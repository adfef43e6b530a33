import Bytes
import EventLoop
import Fetching
import FoundationEssentials
import HTTPClient
import JSONDocument
import Settings

/// Whether upstream can be reached, and what it looks like from here. Each step is a finding of its own.
struct UpstreamCheck {
    let settings: Settings.Upstream
    let environment: [String: String]

    /// The scheme and the host of upstream's URL, which the settings have checked.
    private var target: (scheme: String, host: String) { Self.parts(of: settings.url) }

    /// Every finding. `key` is tried too, if there is one.
    func findings(key: String?) -> [Diagnosis] {
        let (scheme, host) = target
        let rule = ProxyRule(scheme: scheme, host: host, setting: settings.proxy, environment: environment)
        var findings = [name(host, rule), proxy(rule)]
        let answer = fetch("/models/count", key: nil)
        findings.append(certificates(scheme, answer))
        findings.append(contentsOf: reached(answer))
        if let key { findings.append(self.key(key, isReached: (try? answer.get()) != nil)) }
        return findings
    }

    private func name(_ host: String, _ rule: ProxyRule?) -> Diagnosis {
        let asked = rule?.proxy.map { Self.parts(of: $0).host } ?? host
        let whose = rule?.proxy == nil ? "" : "the proxy "
        do {
            let text = asked.contains(":") ? "[\(asked)]:443" : "\(asked):443"
            let address = Self.withoutPort(try SocketAddress(parsing: text).description)
            return Diagnosis("dns", .ok, "\(whose)\(asked) resolves to \(address)")
        } catch {
            return Diagnosis(
                "dns", .fail,
                "\(whose)\(asked) does not resolve: check the network and resolver (/etc/resolv.conf), or set a proxy"
            )
        }
    }

    /// An address without its port: `[::1]` of `[::1]:443`.
    static func withoutPort(_ address: String) -> String {
        String(address[..<(address.lastIndex(of: ":") ?? address.endIndex)])
    }

    private func proxy(_ rule: ProxyRule?) -> Diagnosis {
        guard let rule else {
            if let name = ProxyRule.unread(scheme: target.scheme, environment) {
                return Diagnosis(
                    "proxy", .warn, "none: \(name) is ignored in upper case; set http_proxy or upstream.proxy")
            }
            return Diagnosis("proxy", .ok, "none: no proxy variable is set")
        }
        if let proxy = rule.proxy.map(URLText.masked) { return Diagnosis("proxy", .ok, "\(proxy) from \(rule.origin)") }
        return Diagnosis("proxy", .ok, "none for this host (\(rule.origin))")
    }

    private func certificates(_ scheme: String, _ answer: Result<FetchedResponse, FetchFailure>) -> Diagnosis {
        if scheme == "http" {
            return Diagnosis("tls", .warn, "not used: upstream.url is http, so keys are sent unencrypted")
        }
        switch answer {
        case .failure(.tls(let why)):
            return Diagnosis(
                "tls", .fail,
                "\(why); \(Remedy.ofTLS(why))")
        case .failure: return Diagnosis("tls", .skip, "upstream was not reached")
        case .success(let response):
            guard let own = response.certificates.first else {
                return Diagnosis("tls", .ok, "trusted; the certificate chain is not available")
            }
            let chain = response.certificates.map(\.issuer)
            let text = "trusted, issued by \(chain.joined(separator: " < ")), until \(own.expires)"
            if let word = chain.lazy.compactMap(IssuerRule.suspicion).first {
                return Diagnosis(
                    "tls", .warn,
                    "\(text): \"\(word)\" suggests a proxy that reads this machine's traffic, including keys")
            }
            if let warning = CertificateRule.warning(response.certificates.map(\.expires), now: Loop.wallSeconds) {
                return Diagnosis("tls", .warn, "\(text): \(warning)")
            }
            return Diagnosis("tls", .ok, text)
        }
    }

    private func reached(_ answer: Result<FetchedResponse, FetchFailure>) -> [Diagnosis] {
        switch answer {
        case .failure(let failure):
            return [
                Diagnosis("upstream", .fail, "\(settings.url): \(failure.message); \(Remedy.of(failure))"),
                Diagnosis("clock", .skip, "upstream was not reached"),
            ]
        case .success(let response):
            let clock = ClockRule.finding(
                date: response.field("date"), age: response.field("age"), now: Loop.wallSeconds)
            return [upstream(response), clock]
        }
    }

    private func upstream(_ response: FetchedResponse) -> Diagnosis {
        let time = "\(response.duration.milliseconds) ms"
        guard response.status == 200 else {
            let message = ErrorBody.shareableMessage(response.body).map { ": \($0)" } ?? ""
            return Diagnosis(
                "upstream", .fail,
                "\(settings.url) answers \(response.status) in \(time)\(message); \(Remedy.ofStatus(response.status))")
        }
        let root = (try? JSONDocument(parsing: response.body.span))?.root
        guard let count = root?["data"]?["count"]?.rawNumber else {
            return Diagnosis(
                "upstream", .fail,
                "\(settings.url) answers in \(time), but without a model count: check upstream.url, or log in to the "
                    + "network if it has a login page")
        }
        return Diagnosis("upstream", .ok, "\(settings.url) answers in \(time): \(count) models")
    }

    private func key(_ key: String, isReached: Bool) -> Diagnosis {
        guard isReached else { return Diagnosis("key", .skip, "upstream was not reached") }
        switch fetch("/key", key: key) {
        case .failure(let failure): return Diagnosis("key", .warn, "could not be checked: \(failure.message)")
        case .success(let response):
            switch response.status {
            case 200: return Diagnosis("key", .ok, "OPENROUTER_API_KEY is accepted")
            case 401, 403:
                return Diagnosis(
                    "key", .fail,
                    "OPENROUTER_API_KEY is rejected (\(response.status)): create one at https://openrouter.ai/keys")
            default: return Diagnosis("key", .warn, "could not be checked: upstream answers \(response.status)")
            }
        }
    }

    /// One GET under the base URL.
    private func fetch(_ path: String, key: String?) -> Result<FetchedResponse, FetchFailure> {
        var upstream = UpstreamSettings(userAgent: "larder/\(version)")
        upstream.connectTimeout = Int(settings.connectTimeout.milliseconds)
        upstream.timeout = Int(settings.timeout.milliseconds)
        upstream.caFile = settings.caFile
        upstream.proxy = settings.proxy
        let loop = Loop()
        defer { loop.close() }
        var result = Result<FetchedResponse, FetchFailure>.failure(.other("no answer"))
        do throws(UpstreamError) {
            let client = try UpstreamClient(on: loop, settings: upstream)
            var request = FetchRequest(
                url: settings.url + path, fields: key.map { [("Authorization", "Bearer \($0)")] } ?? [])
            request.wantsCertificates = true
            request.fields.append(("Accept-Encoding", FetchedResponse.acceptedCodings))
            client.fetch(request) {
                result = $0
                client.close()
            }
            loop.run()
            result = result.flatMap { response in
                Result { () throws(CodingProblem) in try response.decoded(limit: upstream.maximumBody) }
                    .mapError { .malformed($0.message) }
            }
        } catch {
            result = .failure(.tls(error.description))
        }
        return result
    }

    /// The scheme and the host of a URL; the host without brackets.
    private static func parts(of url: String) -> (scheme: String, host: String) {
        let parts = url.split(separator: "://", maxSplits: 1)
        let scheme = parts.count == 2 ? String(parts[0]).lowercased() : "http"
        let authority = (parts.last ?? "").prefix { !"/?#".contains($0) }.split(separator: "@").last ?? ""
        if authority.hasPrefix("[") { return (scheme, String(authority.dropFirst().prefix { $0 != "]" })) }
        return (scheme, String(authority.prefix { $0 != ":" }))
    }
}

/// Whether a certificate ends soon.
package enum CertificateRule {
    /// How many days before the end a warning begins.
    package static let days: Int64 = 14

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// A time as OpenSSL writes it, such as `Nov 25 12:00:00 2026 GMT`, in Unix seconds; nil if it is none.
    package static func time(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count >= 4, let month = months.firstIndex(of: String(words[0])), let day = Int(words[1]),
            (1...31).contains(day), let year = Int(words[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = words[2].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3, clock.allSatisfy({ (0...60).contains($0) }) else { return nil }
        return CivilDate.daysSinceEpoch(year: year, month: month + 1, day: day) * 86_400 + clock[0] * 3_600
            + clock[1] * 60 + clock[2]
    }

    /// A sentence about the first of some ends that is near; nil if none is. `now` is in Unix seconds.
    package static func warning(_ ends: [String], now: Int64) -> String? {
        let near = ends.compactMap(time).map { $0.subtractingSaturated(now) }.min()
        guard let left = near, left < days * 86_400 else { return nil }
        let span = left < 86_400 ? "less than a day" : left < 2 * 86_400 ? "1 day" : "\(left / 86_400) days"
        return "a certificate ends in \(span): that server's operator must renew it, or fetches will fail"
    }
}
