public import Serving

/// The requests below each view of the settings, by decision. Other names are not counted, so no client can make it grow.
public struct ViewCounters: Sendable {
    private var names: [String] = []
    /// For each view, the counts by decision.
    private var counts: [UInt64] = []

    private static let decisions = RequestCounters.decisions

    /// No views.
    public init() {}

    /// The settings have these views now, in this order. The counts of views that stay are kept.
    public mutating func take(_ names: [String]) {
        let before = Dictionary(uniqueKeysWithValues: zip(self.names, counts.chunks(of: Self.decisions)))
        let empty = [UInt64](repeating: 0, count: Self.decisions)
        self.names = names
        counts = names.flatMap { before[$0] ?? empty }
    }

    /// A request below a view was answered. A view that is no longer there is not counted.
    @inline(__always)
    public mutating func record(_ view: Int, _ decision: RequestDecision) {
        let index = view &* Self.decisions &+ Int(decision.rawValue)
        if index < counts.count { counts[index] &+= 1 }
    }

    /// A request below a view of this name was answered. It is not counted if the settings no longer have the view.
    public mutating func record(_ name: String, _ decision: RequestDecision) {
        if let view = names.firstIndex(of: name) { record(view, decision) }
    }

    /// The reports of all views. `models` has the number of models that each leaves, nil without a catalogue.
    public func reports(models: [Int?]) -> [ViewReport] {
        zip(names, counts.chunks(of: Self.decisions)).enumerated().map { index, view in
            ViewReport(name: view.0, models: index < models.count ? models[index] : nil, requests: view.1)
        }
    }
}

/// What is reported about a view.
public struct ViewReport: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// The number of models that it leaves of the catalogue; nil without a catalogue.
    public private(set) var models: Int?
    /// The number of requests, for each decision.
    var requests: [UInt64]

    /// The reports of two loops together.
    static func merged(_ some: [ViewReport], _ others: [ViewReport]) -> [ViewReport] {
        var result = some
        for other in others {
            guard let index = result.firstIndex(where: { $0.name == other.name }) else {
                result.append(other)
                continue
            }
            result[index].models = result[index].models ?? other.models
            for decision in other.requests.indices { result[index].requests[decision] &+= other.requests[decision] }
        }
        return result
    }
}

extension [UInt64] {
    fileprivate func chunks(of size: Int) -> [[UInt64]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}

extension MetricsPage {
    static func append(_ views: [ViewReport], to page: inout PrometheusText) {
        page.begin(MetricsTable.viewRequests)
        for view in views {
            for decision in RequestDecision.allCases where view.requests[Int(decision.rawValue)] > 0 {
                page.label(escaping: view.name)
                page.label(decision.name)
                page.sample(view.requests[Int(decision.rawValue)])
            }
        }
        page.begin(MetricsTable.viewModels)
        for view in views {
            guard let models = view.models else { continue }
            page.label(escaping: view.name)
            page.sample(UInt64(models))
        }
    }
}

extension StatusPage {
    static func append(_ views: [ViewReport], to page: inout JSONText) {
        page.open("views", "[")
        for view in views {
            page.open()
            page.member("name", view.name)
            page.member("models", view.models)
            page.member("requests", view.requests.reduce(0, &+))
            page.close()
        }
        page.close("]")
    }
}
