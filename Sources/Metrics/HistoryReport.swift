/// What the history of the catalogue has, from the loop that records it.
public struct HistoryReport: Sendable, Equatable {
    /// The number of changes of one kind.
    public struct Count: Sendable, Equatable {
        /// The name of the kind.
        public let kind: String
        /// How many were recorded since the process began.
        public let count: UInt64

        /// A number of changes.
        public init(kind: String, count: UInt64) {
            self.kind = kind
            self.count = count
        }
    }

    /// The changes, for each kind that there is.
    public var changes: [Count]
    /// The first time of which there is a list, in Unix seconds; nil if that is not known yet.
    public var began: Int64?

    /// A report.
    public init(changes: [Count], began: Int64?) {
        self.changes = changes
        self.began = began
    }
}

extension MetricsPage {
    static func appendHistory(_ report: MetricsReport, now: Int64, to page: inout PrometheusText) {
        page.begin(MetricsTable.catalogChanges)
        for change in report.history?.changes ?? [] {
            page.label(escaping: change.kind)
            page.sample(change.count)
        }
        page.begin(MetricsTable.historyLength)
        if let began = report.history?.began { page.sample(UInt64(max(0, now - began))) }
    }
}
