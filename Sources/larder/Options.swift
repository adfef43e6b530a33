import ArgumentParser
import Commands
import FoundationEssentials
import Settings

/// The flag that says which running Larder is asked.
struct AddressOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Address of Larder: http://HOST:PORT or unix:PATH. By default the environment variable LARDER_URL, else, "
                + "for Larder's own pages, the first address of admin.listen in the settings, else "
                + "http://127.0.0.1:5273.",
            valueName: "url"))
    var url: String?

    /// The address that the flag names, else the environment, else the usual one.
    var address: LarderAddress {
        get throws {
            if let url { return try read(url, from: "--url") }
            let variable = ProcessInfo.processInfo.environment[LarderAddress.variable]
            if let variable, !variable.isEmpty { return try read(variable, from: LarderAddress.variable) }
            return .standard
        }
    }

    /// The same for what is below `/_larder/`: unless the flag or the environment names an address, the first one of
    /// `admin.listen` in the settings that a Larder started here would have.
    var adminAddress: LarderAddress {
        get throws {
            if let given = try given { return given }
            let settings = SettingsLoader().check().0.settings
            return settings.admin.listen.flatMap(\.each).lazy.compactMap(LarderAddress.reaching).first ?? .standard
        }
    }

    /// The address that the flag or the environment names; nil if neither does.
    var given: LarderAddress? {
        get throws {
            let variable = ProcessInfo.processInfo.environment[LarderAddress.variable]
            return url == nil && variable?.isEmpty != false ? nil : try address
        }
    }

    private func read(_ text: String, from place: String) throws -> LarderAddress {
        if let address = LarderAddress(text) { return address }
        throw Failure(
            message: "\(place) is \"\(text)\", but must be http://HOST:PORT or unix:PATH", code: .validationFailure)
    }
}

/// The flag that names the file of settings, and how a fault in the settings ends a command.
struct SettingsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The settings file. By default $XDG_CONFIG_HOME/larder/larder.toml (or ~/.config/...), else "
                + "/etc/larder/larder.toml.", valueName: "file"))
    var config: String?

    func load(_ flags: SettingsLoader.Flags = SettingsLoader.Flags()) throws -> LoadedSettings {
        do {
            return try SettingsLoader().load(config: config, flags: flags)
        } catch {
            throw Failure(message: error.description, code: .badSettings)
        }
    }
}

/// The flags of `larder models` that are parameters of the query.
///
/// They are made from `ModelFilter.all`: the parser looks at a type's properties by reflection, and is shown one for each
/// filter here, so that there is no second list to keep in step.
struct FilterOptions: ParsableArguments, CustomReflectable {
    /// The parameters that were given, in the order of the table.
    private(set) var parameters: [(name: String, value: String)] = []

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: FilterKey.self)
        for filter in ModelFilter.all {
            let option = try container.decode(Option<String?>.self, forKey: FilterKey(filter.parameter))
            if let value = option.wrappedValue { parameters.append((filter.parameter, value)) }
        }
    }

    var customMirror: Mirror { Mirror(self, children: Self.options { $0.help }) }

    /// An option for each filter, with what `help` says of it.
    fileprivate static func options(_ help: (ModelFilter) -> String) -> [Mirror.Child] {
        // The parser takes an underscore off the name of each property, as the compiler puts one there.
        ModelFilter.all.map { (label: "_" + $0.parameter, value: option($0, help($0))) }
    }

    private static func option(_ filter: ModelFilter, _ text: String) -> Option<String?> {
        let name = NameSpecification.customLong(filter.flag)
        let help = ArgumentHelp("\(text)", valueName: filter.valueName)
        let completion = filter.values.isEmpty ? nil : CompletionKind.list(filter.values)
        // Without `.next` the parser would look for the value behind other flags too.
        return filter.isSwitch
            ? Option(name: name, defaultAsFlag: "true", parsing: .next, help: help, completion: completion)
            : Option(name: name, help: help, completion: completion)
    }
}

/// The same flags for `larder lock`, which has no pages.
struct LockFilterOptions: ParsableArguments, CustomReflectable {
    /// The parameters that were given, in the order of the table.
    private(set) var parameters: [(name: String, value: String)] = []

    init() {}

    init(from decoder: any Decoder) throws { parameters = try FilterOptions(from: decoder).parameters }

    var customMirror: Mirror { Mirror(self, children: FilterOptions.options { LockCheck.help(of: $0) }) }
}

/// A filter's name, as the parser asks for it.
private struct FilterKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }

    init?(stringValue: String) {
        guard ModelFilter.all.contains(where: { $0.parameter == stringValue }) else { return nil }
        self.stringValue = stringValue
    }

    init?(intValue: Int) { nil }
}
