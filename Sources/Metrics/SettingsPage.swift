public import Bytes

/// Writes the JSON of `/_larder/settings`.
public enum SettingsPage {
    /// The settings in effect: the name, the value as TOML without secrets, and where it came from. `file` is the file
    /// that was read, if there was one.
    public static func json(
        file: String?, rows: [(name: String, value: String, origin: String)], _ reload: ReloadReport
    ) -> SharedBytes {
        var page = JSONText()
        page.open()
        page.member("file", file)
        page.open("reload")
        page.member("count", reload.count)
        page.member("time", reload.time.map { Int($0) })
        page.member("refused", reload.refusal)
        page.open("waiting", "[")
        for name in reload.waiting { page.member(nil, name) }
        page.close("]")
        page.close()
        page.open("settings", "[")
        for row in rows {
            page.open()
            page.member("name", row.name)
            page.member("value", row.value)
            page.member("origin", row.origin)
            page.close()
        }
        page.close("]")
        page.close()
        return page.finish()
    }
}
