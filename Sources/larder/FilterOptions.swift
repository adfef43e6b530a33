import ArgumentParser
import Daemon

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

    var customMirror: Mirror {
        // The parser takes an underscore off the name of each property, as the compiler puts one there.
        Mirror(self, children: ModelFilter.all.map { (label: "_" + $0.parameter, value: Self.option($0)) })
    }

    private static func option(_ filter: ModelFilter) -> Option<String?> {
        let name = NameSpecification.customLong(filter.flag)
        let help = ArgumentHelp("\(filter.help)", valueName: filter.valueName)
        let completion = filter.values.isEmpty ? nil : CompletionKind.list(filter.values)
        // Without `.next` the parser would look for the value behind other flags too.
        return filter.isSwitch
            ? Option(name: name, defaultAsFlag: "true", parsing: .next, help: help, completion: completion)
            : Option(name: name, help: help, completion: completion)
    }
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
