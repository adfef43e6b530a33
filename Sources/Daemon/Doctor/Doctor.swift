internal import EventLoop
internal import FoundationEssentials

/// Looks for what keeps Larder from working on this machine, as `larder doctor` does. It asks upstream, and changes nothing.
public enum Doctor {
    /// Every finding. `config` is the file of settings, if one is named; `key` is tried at upstream, and is in no finding.
    public static func findings(config: String?, key: String?) -> [Finding] {
        // A server that ends TLS while something is written to it must not end this process.
        ignoreBrokenPipes()
        let environment = ProcessInfo.processInfo.environment
        let (settings, finding) = load(config)
        var findings = [finding]
        findings += settings.listen.map(PortCheck.finding)
        findings.append(StateCheck.finding(StateCheck.standardDirectory(environment)))
        findings += UpstreamCheck(settings: settings.upstream, environment: environment).findings(key: key)
        return findings
    }

    /// The settings, or the defaults if they are not good: what follows is then told of those.
    private static func load(_ config: String?) -> (Settings, Finding) {
        do {
            let loaded = try SettingsLoader().load(config: config)
            let file = loaded.file.map { "\($0) is valid" } ?? "no file, which is fine: everything has a default"
            return (loaded.settings, Finding("settings", .ok, file))
        } catch {
            return (
                Settings(), Finding("settings", .fail, "\(error.description); what follows is about the defaults")
            )
        }
    }
}
