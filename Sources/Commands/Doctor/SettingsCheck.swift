import EventLoop
import HTTPClient
public import Settings

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
