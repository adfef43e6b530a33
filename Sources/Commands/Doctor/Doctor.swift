import Bytes
internal import EventLoop
internal import FoundationEssentials
import HTTPClient
import HTTPCore
public import Settings

/// Checks for problems that keep Larder from working on this machine, as `larder doctor` does. It sends requests to
/// upstream, and changes nothing.
public enum Doctor {
    /// Every finding. `config` is the file of settings, if one is named; `address` is that of a running Larder, if one is
    /// named; `key` is tried at upstream, and is in no finding.
    ///
    /// If a Larder runs, its settings are examined. Otherwise those that a Larder started here would have.
    public static func findings(config: String?, address: LarderAddress?, key: String?) -> [Diagnosis] {
        // A server that ends TLS while something is written to it must not end this process.
        ignoreBrokenPipes()
        let environment = ProcessInfo.processInfo.environment
        let (here, mistakes) = SettingsLoader().check(config: config)
        let addresses =
            address.map { [$0] }
            ?? (mistakes.isEmpty
                ? here.settings.pages.flatMap(\.each).compactMap(LarderAddress.reaching) : [.standard])
        let running = RunningProcess.first(at: addresses)
        var findings = mistakes.map { Diagnosis("settings", .fail, $0.description) }
        guard let running else {
            let asked = addresses.map(\.description).joined(separator: ", ")
            let nobody = Diagnosis(
                "larder", .skip,
                asked.isEmpty
                    ? "no running Larder was looked for"
                    : "no Larder answers at \(asked): the settings here are examined")
            guard mistakes.isEmpty else {
                // The intended upstream is unknown: the default one might be the wrong one to ask.
                return [nobody] + findings
                    + ["listen", "state", "upstream"].map { Diagnosis($0, .skip, "the settings are not valid") }
            }
            let file = here.file.map { "\($0) is valid" } ?? "no settings file: all defaults apply"
            findings = [nobody, Diagnosis("settings", .ok, file)]
            findings += (here.settings.listen + here.settings.admin.listen).flatMap(PortCheck.findings)
            findings.append(StateCheck.finding(here.settings.state))
            return findings + upstream(here.settings, environment, key)
        }
        findings = RunningCheck.findings(running) + findings
        let (settings, known) = effective(running, beside: here.settings)
        findings += known
        findings += RunningCheck.listen(running) ?? settings.listen.flatMap(PortCheck.findings)
        findings.append(RunningCheck.state(running) ?? StateCheck.finding(settings.state))
        guard !running.isDemo else {
            return findings
                + ["dns", "proxy", "tls", "upstream", "clock"].map {
                    Diagnosis($0, .skip, "the running Larder has a built-in upstream (--demo)")
                }
        }
        return findings + upstream(settings, environment, key)
    }

    private static func upstream(_ settings: Settings, _ environment: [String: String], _ key: String?) -> [Diagnosis] {
        SettingsCheck.mistakes(settings).map { Diagnosis("settings", .fail, $0) }
            + FleetCheck.findings(settings)
            + UpstreamCheck(settings: settings.upstream, environment: environment).findings(key: key)
    }

    /// The settings of the running process, and what is to be said of them. What it masks is taken from here if it is
    /// the same.
    private static func effective(_ running: RunningProcess, beside here: Settings) -> (Settings, [Diagnosis]) {
        guard !running.settings.isEmpty else {
            return (
                here,
                [Diagnosis("settings", .warn, "\(running.name) does not report its settings: those here are examined")]
            )
        }
        var settings = LoadedSettings(reported: running.settings).settings
        var findings = [Diagnosis("settings", .ok, "those of the running \(running.name)")]
        if let proxy = settings.upstream.proxy, proxy.contains("***@") {
            if let own = here.upstream.proxy, URLText.masked(own) == proxy {
                settings.upstream.proxy = own
            } else {
                findings.append(
                    Diagnosis(
                        "settings", .warn, "the password of upstream.proxy is not reported: it is tried without one"))
            }
        }
        return (settings, findings)
    }
}

/// What one check of `larder doctor` has found.
public struct Diagnosis: Sendable, Equatable {
    /// How bad it is.
    public enum Verdict: String, Sendable {
        /// Nothing to do.
        case ok
        /// It works, but the operator should know.
        case warn
        /// It does not work.
        case fail
        /// It was not checked: its text says why, or another finding does.
        case skip
    }

    /// What was looked at, in a word.
    public let check: String

    /// How bad it is.
    public let verdict: Verdict

    /// What there is, and what to do about it.
    public let text: String

    package init(_ check: String, _ verdict: Verdict, _ text: String) {
        self.check = check
        self.verdict = verdict
        self.text = text
    }

    /// The finding in one line.
    public func line(_ style: TerminalStyle) -> String {
        let colour: Colour =
            switch verdict {
            case .ok: .green
            case .warn: .yellow
            case .fail: .red
            case .skip: .faint
            }
        let padding = String(repeating: " ", count: max(1, 10 - check.count))
        return style.apply(colour, to: verdict.rawValue) + String(repeating: " ", count: 6 - verdict.rawValue.count)
            + check + padding + DisplayText.printable(text)
    }
}

/// Whether this machine's clock agrees with upstream's clock.
package enum ClockRule {
    /// The tolerance, in seconds: `Date` has whole seconds, and the answer takes some time to arrive.
    package static let tolerance: Int64 = 5

    /// Compares a `Date` field with a clock that shows `now`, in seconds since 1970. An answer from a cache is older by
    /// its `Age`.
    package static func finding(date: String?, age: String?, now: Int64) -> Diagnosis {
        guard let date else { return Diagnosis("clock", .skip, "upstream sent no Date field") }
        let bytes = Array(date.utf8)
        guard let sent = HTTPDate.parse(bytes.span, now: now) else {
            return Diagnosis("clock", .warn, "upstream's Date is not a date: \(date)")
        }
        let skew = now.subtractingSaturated(sent).subtractingSaturated(max(0, age.flatMap { Int64($0) } ?? 0))
        if skew.magnitude <= tolerance.magnitude {
            return Diagnosis("clock", .ok, "within \(tolerance) s of upstream's")
        }
        let direction = skew > 0 ? "ahead of" : "behind"
        return Diagnosis(
            "clock", .warn,
            "\(AgeText.short(Int(clamping: skew.magnitude))) \(direction) upstream's: set this machine's clock (timedatectl set-ntp true), "
                + "otherwise ages and freshness are wrong")
    }
}

/// Whether a proxy between here and upstream intercepts TLS.
package enum IssuerRule {
    /// Names of products that issue certificates for other people's sites, in lower case.
    private static let interceptors = [
        "zscaler", "netskope", "fortinet", "fortigate", "palo alto", "blue coat", "bluecoat", "umbrella", "sophos",
        "checkpoint", "check point", "barracuda", "mcafee", "skyhigh", "forcepoint", "websense", "kaspersky", "avast",
        "avg ", "eset ", "bitdefender", "mitmproxy", "charles proxy", "fiddler", "portswigger", "burp", "proxyman",
        "squid", "cato networks", "sonicwall", "watchguard", "iboss", "lightspeed", "untangle", "cloudflare gateway",
        "cloudflare for teams", "proxy", "firewall", "inspection", "intercept", "corporate", "decrypt",
    ]

    /// The word in an issuer's name that identifies such a product; nil if the name looks like an ordinary authority.
    package static func suspicion(_ issuer: String) -> String? {
        let issuer = issuer.lowercased() + " "
        return interceptors.first { issuer.contains($0) }?.split(separator: " ").joined(separator: " ")
    }
}

extension Settings {
    /// Where Larder's own pages are.
    fileprivate var pages: [ListenAddress] { admin.listen.isEmpty ? listen : admin.listen }
}

/// Whether what the settings name can be used: files that a server would load only when it starts.
public enum SettingsCheck {
    /// What is wrong, a sentence each.
    public static func mistakes(_ settings: Settings) -> [String] {
        upstream(settings) + (FleetCheck.mistake(settings).map { [$0] } ?? [])
    }

    private static func upstream(_ settings: Settings) -> [String] {
        guard let file = settings.upstream.caFile else { return [] }
        let loop = Loop()
        defer { loop.close() }
        var upstream = UpstreamSettings(userAgent: "larder/\(version)")
        upstream.caFile = file
        do throws(UpstreamError) {
            try UpstreamClient(on: loop, settings: upstream).close()
            loop.run()
            return []
        } catch {
            return ["`upstream.ca_file`: \(error)"]
        }
    }
}
