import Serving

/// What the reports of all loops and the facts about the process mean for an operator: the most serious finding, and
/// the further ones. It is the same for the JSON of the status, for `larder status` and for the page.
public struct Verdict: Sendable, Equatable {
    /// The most serious finding.
    public let first: Finding
    /// The further ones, the most serious first.
    public let others: [Finding]

    /// How serious the first finding is.
    public var level: Finding.Level { first.level }

    /// The verdict on these reports.
    public init(_ report: MetricsReport, of process: ProcessReport) {
        let rules = VerdictRules(report: report, process: process)
        let order = Finding.Code.allCases
        let found = rules.findings.sorted { one, other in
            if one.level != other.level { return one.level > other.level }
            return order.firstIndex(of: one.code) ?? 0 < order.firstIndex(of: other.code) ?? 0
        }
        first = found.first ?? rules.wellness
        others = Array(found.dropFirst())
    }
}

/// The rules of the verdict. Each looks at one thing.
private struct VerdictRules {
    let report: MetricsReport
    let process: ProcessReport

    /// How long after its last failure a kind of request that few clients send counts as failing, in seconds.
    private static let remembered: Int64 = 900
    /// How long a refused connection is a finding, in seconds.
    private static let rememberedRefusal = 60
    /// The share of the permitted descriptors from which on there are too few.
    private static let descriptorShare = 0.95

    private var now: Int64 { process.now }
    private var troubles: UpstreamTroubles { report.counts.upstream.troubles }

    /// Everything that is not in order.
    var findings: [Finding] {
        let catalogue = catalogue
        return catalogue + otherFetches(catalogue) + refusedKeys + passed + connections + loops + state + fleet
            + descriptors + settings
    }

    // MARK: Upstream

    /// Whether keys have catalogues of their own, because upstream or the settings do not allow sharing one.
    private var isSeparate: Bool {
        report.catalog == nil && report.entries.contains { $0.resource == Resource.catalog.label && $0.models != nil }
    }

    private var catalogue: [Finding] {
        guard let trouble = troubles.current(.catalog) else { return [] }
        let why = sentence(trouble)
        guard let catalog = report.catalog else {
            if isSeparate { return [finding(.upstreamFailing, "Fetches of the catalogue fail: \(why)", trouble)] }
            return [finding(.noCatalogue, "No catalogue yet: \(why)", trouble)]
        }
        if catalog.isFresh {
            // The copy answers until its time is over, so this is only a warning of what comes.
            return [finding(.upstreamFailing, "The last fetch of the catalogue failed: \(why)", trouble)]
        }
        if catalog.isUsable { return [finding(.stale, "Serving stale copies: \(why)", trouble)] }
        return [
            finding(
                .catalogueExpired,
                "The catalogue is \(TimeWords.span(Int64(catalog.age))) old, too old to serve: \(why)", trouble)
        ]
    }

    private func otherFetches(_ catalogue: [Finding]) -> [Finding] {
        let known = catalogue.isEmpty ? nil : troubles.current(.catalog)
        for kind in [UpstreamMetrics.Kind.user, .model, .facet, .opaque] {
            // A refused key is a finding of its own, and the catalogue's failure has the same cause.
            guard let trouble = troubles.current(kind), isRecent(trouble), trouble.reason != .refused,
                known?.reason != trouble.reason || known?.status != trouble.status
            else { continue }
            return [finding(.upstreamFailing, "Fetches of \(trouble.resource) fail: \(sentence(trouble))", trouble)]
        }
        return []
    }

    private var refusedKeys: [Finding] {
        report.counts.upstream.refusedKeys.all.filter { now - $0.last <= Self.remembered }.map { refusal in
            let whom =
                refusal.key == 0 ? "requests with no key" : "the key \(KeyFingerprint.text(refusal.key))"
            return Finding(
                .keyRefused, "Upstream has refused \(whom) (\(refusal.status)) for \(span(refusal.since))",
                since: refusal.since)
        }
    }

    private var passed: [Finding] {
        guard let trouble = troubles.current(.passed), isRecent(trouble) else { return [] }
        return [finding(.passedFailing, "Requests that are passed through fail: \(sentence(trouble))", trouble)]
    }

    private func isRecent(_ trouble: UpstreamTrouble) -> Bool { now - trouble.last <= Self.remembered }

    /// Why requests fail and since when, as the end of a sentence.
    private func sentence(_ trouble: UpstreamTrouble) -> String {
        let span = now - trouble.since
        let answers = trouble.reason == .status || trouble.reason == .limited || trouble.reason == .refused
        if now - trouble.last > Self.remembered {
            // Nothing was requested since, so it may be over.
            let what = trouble.status.flatMap { answers ? "upstream answered \($0)" : nil } ?? trouble.message
            return "\(what), \(ago(trouble.last))"
        }
        guard let status = trouble.status, answers else {
            return span < 60 ? trouble.message : "\(trouble.message), for \(TimeWords.span(span))"
        }
        let hint =
            switch trouble.reason {
            case .limited: " (too many requests)"
            case .refused: " (a refused key)"
            default: ""
            }
        return span < 60
            ? "upstream answers \(status)\(hint)"
            : "upstream has answered \(status)\(hint) for \(TimeWords.span(span))"
    }

    private func ago(_ time: Int64) -> String { span(time) + " ago" }

    private func span(_ time: Int64) -> String {
        now - time < 60 ? "less than a minute" : TimeWords.span(now - time)
    }

    private func finding(_ code: Finding.Code, _ text: String, _ trouble: UpstreamTrouble) -> Finding {
        Finding(code, text, since: trouble.since)
    }

    // MARK: The process

    private var connections: [Finding] {
        guard let places = report.places else { return [] }
        let since = places.shortageSeconds.map { now - Int64($0) }
        if places.waiting > 0 || places.refusedSecondsAgo ?? .max < Self.rememberedRefusal {
            let refused = places.refused > 0 ? ", \(places.refused) refused since the start" : ""
            return [
                Finding(
                    .connectionsFull,
                    "All \(places.limit) connections are in use: \(places.waiting) waiting\(refused)", since: since)
            ]
        }
        guard since != nil || places.taken >= places.limit else { return [] }
        return [
            Finding(
                .connectionsCrowded,
                "The connections are at their limit (\(places.limit)): idle ones are closed for new clients",
                since: since)
        ]
    }

    private var loops: [Finding] {
        let silent = process.workers - report.loops
        guard silent > 0 else { return [] }
        return [
            Finding(
                .loopsSilent,
                silent == 1
                    ? "1 of \(process.workers) event loops does not answer"
                    : "\(silent) of \(process.workers) event loops do not answer")
        ]
    }

    private var descriptors: [Finding] {
        guard let open = process.usage.openDescriptors, let most = process.usage.maximumDescriptors, most > 0,
            Double(open) >= Double(most) * Self.descriptorShare
        else { return [] }
        return [Finding(.fewDescriptors, "\(open) of \(most) permitted file descriptors are in use")]
    }

    private var state: [Finding] {
        guard let problem = process.state.problem else { return [] }
        let since = problem.since
        switch problem.kind {
        case .full:
            return [Finding(.stateFull, "The state directory's disk is full: copies are kept in memory", since: since)]
        case .failing:
            return [
                Finding(.stateFailing, "The state directory cannot be written: \(problem.reason)", since: since)
            ]
        case .unavailable:
            return [
                Finding(
                    .stateUnavailable, "The state directory is not used: \(problem.reason)", since: since)
            ]
        }
    }

    private var fleet: [Finding] {
        guard let fleet = process.fleet, !fleet.isUp else { return [] }
        let reason = fleet.notice.map { $0.hasPrefix("fleet: ") ? String($0.dropFirst(7)) : $0 }
        return [
            Finding(
                .fleetDown, "This replica is alone: \(reason ?? "the fleet's engine is not connected yet")",
                since: fleet.since)
        ]
    }

    private var settings: [Finding] {
        var findings: [Finding] = []
        if let refused = process.reload.refusal {
            findings.append(
                Finding(
                    .reloadRefused, "The last reload was refused: \(refused)", since: process.reload.time))
        }
        if !process.reload.waiting.isEmpty {
            findings.append(
                Finding(
                    .restartNeeded,
                    "Changed settings take effect only after a restart: "
                        + process.reload.waiting.joined(separator: ", "), since: process.reload.time))
        }
        return findings
    }

    // MARK: Nothing was found

    /// What to say if everything is in order.
    var wellness: Finding {
        guard let catalog = report.catalog else {
            if isSeparate { return Finding(.allWell, "All is well: each key has a catalogue of its own") }
            return Finding(
                .starting,
                process.warmsUp && now - process.started < 60
                    ? "No catalogue yet: it is being fetched" : "No catalogue yet: the next request fetches it")
        }
        let models = catalog.models == 1 ? "1 model" : "\(catalog.models) models"
        let age = TimeWords.span(Int64(catalog.age))
        // Only requests cause fetches, so an old copy of an idle Larder is in order.
        return Finding(
            .allWell,
            "All is well: catalogue of \(models), \(age) old"
                + (catalog.isFresh ? "" : "; the next request fetches it again"))
    }
}
