/// A metric as Prometheus and the documentation know it.
public struct MetricDefinition: Sendable {
    /// The types of the exposition format that occur here.
    public enum Kind: String, Sendable { case counter, gauge, histogram }

    /// Its name, with the base unit at its end.
    public let name: String
    /// Its type.
    public let kind: Kind
    /// The names of its labels, beside `le`.
    public let labels: [String]
    /// What it tells, in one line.
    public let help: String

    init(_ name: String, _ kind: Kind, labels: [String] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.help = help
    }
}
