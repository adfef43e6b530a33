internal import EventLoop
internal import FoundationEssentials

/// Looks for what keeps Larder from working on this machine, as `larder doctor` does. It asks upstream, and changes nothing.
public enum Doctor {
    /// Every finding. `config` is the file of settings, if one is named; `key` is tried at upstream, and is in no finding.
    public static func findings(config: String?, key: String?) -> [Diagnosis] {
        // A server that ends TLS while something is written to it must not end this process.
        ignoreBrokenPipes()
        let environment = ProcessInfo.processInfo.environment
        let loaded: LoadedSettings
        do {
            loaded = try SettingsLoader().load(config: config)
        } catch {
            // Nobody knows what was meant: asking the default upstream in its place might be asking the wrong one.
            return [Diagnosis("settings", .fail, error.description)]
                + ["listen", "state", "upstream"].map { Diagnosis($0, .skip, "the settings are not good") }
        }
        let file = loaded.file.map { "\($0) is valid" } ?? "no file, which is fine: everything has a default"
        var findings = [Diagnosis("settings", .ok, file)]
        findings += loaded.settings.listen.map(PortCheck.finding)
        findings.append(StateCheck.finding(loaded.settings.state))
        return findings + UpstreamCheck(settings: loaded.settings.upstream, environment: environment).findings(key: key)
    }
}
