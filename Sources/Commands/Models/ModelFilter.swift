import Catalog

/// One parameter of a query for models, as the command line offers it.
public struct ModelFilter: Sendable, Equatable {
    /// The parameter's name in a query, such as `min_price`.
    public let parameter: String

    /// What its value is called in the help.
    public let valueName: String

    /// One line on what it does.
    public let help: String

    /// The values that a shell can offer; none if there are too many.
    public let values: [String]

    /// The flag without its hyphens, such as `min-price`.
    public var flag: String { parameter.replacing("_", with: "-") }

    /// Whether the flag alone means `true`.
    public let isSwitch: Bool

    private init?(_ definition: ParameterDefinition) {
        guard let usage = definition.usage else { return nil }
        parameter = definition.name
        valueName = usage.valueName
        help = usage.help
        values = definition.kind.knownValues
        isSwitch = definition.kind == .flag
    }

    /// Every filter there is: the flags of `larder models` are made from this and from nothing else.
    public static let all = ParameterTable.all.compactMap { ModelFilter($0) }
}
