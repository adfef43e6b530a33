import Bytes
import Catalog
package import TOML

/// Why settings were refused, in one line that names the source, the setting and what was expected.
public struct SettingsError: Error, Equatable, CustomStringConvertible {
    /// The line.
    public let description: String

    /// The settings' file could not be read.
    package static func unreadable(_ path: String, _ reason: String) -> Self {
        Self(description: "cannot read \(TOMLText.oneLine(path)): \(reason)")
    }

    /// The settings' file is not TOML.
    package static func malformed(_ path: String, _ error: TOMLError) -> Self {
        let origin = SettingOrigin.file(path, line: error.line)
        return Self(
            description: "not valid TOML in \(origin), column \(error.column): \(TOMLText.oneLine(error.reason))")
    }

    /// No setting has this name.
    package static func unknown(_ name: String, _ origin: SettingOrigin) -> Self {
        let group = SettingsTable.all.first { $0.name.hasPrefix(name + ".") }
        if let group {
            return Self(
                description: "`\(name)` in \(origin) is a table of settings such as `\(group.name)`, not a setting")
        }
        if name.hasPrefix(ViewSettings.table + "."), ViewSettings.candidates(for: name).isEmpty {
            return Self(
                description: "`\(TOMLText.oneLine(name))` in \(origin) is not a setting: a view is a table such as "
                    + "[\(ViewSettings.table).team] with \(ViewSettings.keys.joined(separator: ", "))")
        }
        let near = NearestName.find(name, among: SettingsTable.all.map(\.name) + ViewSettings.candidates(for: name))
        return Self(
            description: "unknown setting `\(TOMLText.oneLine(name))` in \(origin)"
                + (near.map { "; did you mean `\($0)`?" } ?? ""))
    }

    /// No setting has this environment variable.
    static func unknownVariable(_ name: String) -> Self {
        let near = NearestName.find(
            name, among: SettingsTable.all.map(\.environmentName) + ViewSettings.candidates(forVariable: name))
        return Self(
            description: "unknown setting in the environment variable \(TOMLText.oneLine(name))"
                + (near.map { "; did you mean \($0)?" } ?? ""))
    }

    /// Upstream's URL leads to Larder itself.
    static func upstreamIsSelf(_ url: String, _ origin: SettingOrigin, _ listener: ListenAddress) -> Self {
        Self(
            description: "bad value \(TOMLText.quoted(url)) for `upstream.url` in \(origin): it leads to Larder's own "
                + "listener \(listener); expected another server")
    }

    /// An address of `admin.listen` is one of `listen`.
    static func adminIsListener(_ address: ListenAddress, _ origin: SettingOrigin) -> Self {
        Self(
            description: "bad value \(TOMLText.quoted(address.description)) for `admin.listen` in \(origin): "
                + "`listen` has that address; expected another port or path")
    }

    /// The value is not one that the setting can have.
    package static func bad(_ value: SettingValue, for setting: SettingDefinition, _ origin: SettingOrigin) -> Self {
        let shown = setting.conceal(value)
        let short = shown.count > 100 ? shown.prefix(100) + "…" : shown[...]
        let reason = setting.explain(value).map { TOMLText.oneLine($0) } ?? "expected \(setting.expected)"
        return Self(description: "bad value \(short) for `\(setting.name)` in \(origin): \(reason)")
    }

    /// A view has no such name.
    static func badViewName(_ name: String, _ origin: SettingOrigin) -> Self {
        Self(
            description:
                "bad name \(TOMLText.oneLine(name)) of a view in \(origin): expected letters, digits, - and _, "
                + "at most 64 of them")
    }

    /// Several views have one environment variable.
    static func ambiguousVariable(_ name: String, _ views: [String]) -> Self {
        Self(description: "\(name) is ambiguous: it could be for any of the views \(views.joined(separator: ", "))")
    }

    /// A view pins a model that it leaves out.
    static func excludedPin(_ pin: String, _ setting: String, _ origin: SettingOrigin) -> Self {
        Self(
            description: "bad value \(TOMLText.quoted(pin)) for `\(setting)` in \(origin): the view's allow and deny "
                + "leave this model out")
    }

    /// There are more views than allowed.
    static func tooManyViews(_ count: Int) -> Self {
        Self(description: "too many views: there are \(count), expected at most \(ViewText.mostViews)")
    }
}
