public import Catalog
internal import TOML

extension Settings {
    /// A named part of the catalogue, as the settings write it.
    public struct View: Sendable, Equatable {
        /// Its conditions, as a query.
        public var query = ""
        /// Patterns of ids of which one must match; none for all ids.
        public var allow: [String] = []
        /// Patterns of ids of which none may match.
        public var deny: [String] = []
        /// The ids of the models that come first.
        public var pin: [String] = []
    }

    /// The views by their names.
    public struct Views: Sendable, Equatable {
        private var named: [String: View] = [:]

        /// The names, sorted.
        public var names: [String] { named.keys.sorted() }

        /// The view of a name. Setting one creates it.
        package subscript(name: String) -> View {
            get { named[name] ?? View() }
            set { named[name] = newValue }
        }

        /// The views in the form that answers requests.
        public var compiled: [Catalog.View] {
            names.map { name in
                do throws(InvalidParameter) {
                    let view = self[name]
                    return try Catalog.View(
                        name, query: view.query, allow: view.allow, deny: view.deny, pins: view.pin)
                } catch {
                    preconditionFailure("the settings have taken a bad view: \(error.message)")
                }
            }
        }
    }
}

/// The settings of views. There are as many views as somebody names, so `SettingsTable.all` has no rows for them.
package enum ViewSettings {
    /// The table that has a table for each view.
    static let table = "views"

    /// The keys of a view's table.
    static let keys = ["query", "allow", "deny", "pin"]

    /// The settings of the view of that name.
    package static func definitions(of view: String) -> [SettingDefinition] {
        let prefix = "\(table).\(view)."
        return [
            SettingDefinition(
                prefix + "query", \.views[view].query, .viewQuery,
                "The conditions, written as a query of /models; sort sets the order of answers to requests without one."
            ),
            SettingDefinition(
                prefix + "allow", \.views[view].allow, .idPatterns,
                "Patterns of ids (* is any text, ? one character) of which one must match; if empty, all ids pass."),
            SettingDefinition(
                prefix + "deny", \.views[view].deny, .idPatterns, "Patterns of ids that are left out, even if allowed."),
            SettingDefinition(
                prefix + "pin", \.views[view].pin, .modelIDs,
                "Ids of models that come first, in this order, in answers to requests without a sort."),
        ]
    }

    /// The setting of a dotted name, in the table or a view's; nil if there is none. Throws if the view's name is none.
    static func find(_ name: String, _ origin: SettingOrigin) throws(SettingsError) -> SettingDefinition? {
        if let setting = SettingsTable.all.first(where: { $0.name == name }) { return setting }
        guard let (view, key) = parts(of: name), keys.contains(key) else { return nil }
        guard ViewText.isName(view) else { throw .badViewName(view, origin) }
        return definitions(of: view).first { $0.name == name }
    }

    /// The setting of an environment variable, in the table or a view's: one of the `known` views, else a new one. Nil if
    /// there is none. Throws if several views share the variable.
    static func find(variable: String, known: [String]) throws(SettingsError) -> SettingDefinition? {
        if let setting = SettingsTable.all.first(where: { $0.environmentName == variable }) { return setting }
        let prefix = SettingsTable.environmentPrefix + table.uppercased() + "_"
        guard variable.hasPrefix(prefix), let key = keys.first(where: { variable.hasSuffix("_" + $0.uppercased()) })
        else { return nil }
        let view = variable.dropFirst(prefix.count).dropLast(key.count + 1)
        let matches = known.filter { SettingsTable.environmentWord($0) == view }
        guard matches.count < 2 else { throw .ambiguousVariable(variable, matches) }
        let name = matches.first ?? view.lowercased()
        guard ViewText.isName(name) else { throw .badViewName(name, .environment(variable)) }
        return definitions(of: name).first { $0.path.key == key }
    }

    /// Names that a mistaken one may mean.
    static func candidates(for name: String) -> [String] {
        let words = name.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count == 3 else { return [] }
        return keys.map { "\(table).\(words[1]).\($0)" }
    }

    /// The same for an environment variable.
    static func candidates(forVariable name: String) -> [String] {
        let prefix = SettingsTable.environmentPrefix + table.uppercased() + "_"
        guard name.hasPrefix(prefix), let end = name.lastIndex(of: "_"), end > prefix.endIndex else { return [] }
        return keys.map { name[..<end] + "_" + $0.uppercased() }
    }

    /// What is wrong with the views together.
    static func check(_ loaded: LoadedSettings) throws(SettingsError) {
        let views = loaded.settings.views
        guard views.names.count <= ViewText.mostViews else { throw .tooManyViews(views.names.count) }
        for view in views.compiled {
            guard let pin = view.excludedPin else { continue }
            let name = "\(table).\(view.name).pin"
            throw .excludedPin(pin, name, loaded.origin(of: name))
        }
    }

    private static func parts(of name: String) -> (view: String, key: String)? {
        guard name.hasPrefix(table + "."), let end = name.lastIndex(of: ".") else { return nil }
        let start = name.index(name.startIndex, offsetBy: table.count + 1)
        return start < end ? (String(name[start..<end]), String(name[name.index(after: end)...])) : nil
    }
}

extension SettingKind<String> {
    /// The conditions of a view.
    static let viewQuery = {
        var kind = Self.text(
            "a query such as supported_parameters=tools&max_price=3",
            { (try? ViewText.conditions($0)) == nil ? nil : $0 }, show: { $0 })
        kind.explain = { value in
            guard case .text(let text) = value else { return nil }
            do throws(InvalidParameter) {
                _ = try ViewText.conditions(text)
                return nil
            } catch {
                return error.message
            }
        }
        return kind
    }()
}

extension SettingKind<[String]> {
    /// Patterns of ids.
    static let idPatterns = checked("a list of patterns such as openai/*", ViewText.problem(ofPattern:))

    /// Ids of models.
    static let modelIDs = checked("a list of ids such as openai/gpt-5.4", ViewText.problem(ofID:))

    /// A list without duplicates whose items have no problem.
    private static func checked(_ expected: String, _ problem: @escaping @Sendable (String) -> String?) -> Self {
        let reason: @Sendable ([String]) -> String? = { items in
            if items.count > ViewText.mostItems { return "a list has at most \(ViewText.mostItems) items" }
            for (index, item) in items.enumerated() {
                if let problem = problem(item) { return problem }
                if items[..<index].contains(item) { return "\"\(item)\" is in the list twice" }
            }
            return nil
        }
        var kind = Self(
            expected: expected,
            read: { value in
                guard let items = value == .text("") ? [] : items(of: value), reason(items) == nil else { return nil }
                return items
            }, show: TOMLText.list)
        kind.explain = { value in items(of: value).flatMap(reason) }
        return kind
    }
}
