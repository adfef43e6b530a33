import Bytes

/// Holds back the removal of models when a catalogue loses a large part of its rows at once, until the next catalogue
/// confirms it: upstream sometimes answers with half a list.
///
/// Models that are still missing from the next catalogue are removed; those that are back were never away. A catalogue
/// that loses a large part of what was left is held back again.
///
/// It is a plain value. `encoded` is the form in which it outlives the process.
public struct ShrinkGuard: Equatable, Sendable {
    /// A model whose removal is not confirmed.
    public struct HeldModel: Equatable, Sendable {
        /// Its id.
        public let id: String
        /// Its last row, a JSON object.
        public let row: [UInt8]

        /// A model with its last row.
        public init(id: String, row: [UInt8]) {
            self.id = id
            self.row = row
        }
    }

    /// What to report about the models that are missing from a catalogue.
    public enum Verdict: Equatable, Sendable {
        /// They are removed.
        case removed
        /// They are held back, and the loss itself is reported.
        case shrunk
    }

    /// The models that are held back, in the order of the last list that had them.
    public private(set) var held: [HeldModel] = []

    /// More than this part of the rows, in percent, is a large part.
    public static let greatestLoss = 30

    /// A guard that holds nothing back.
    public init() {}

    /// The next catalogue lacks `missing` of the `count` models of the one before; `isThere` says whether it has a model.
    /// Returns what to report about `missing`, and of the models that were held back so far, those whose removal is
    /// confirmed and those that are back.
    public mutating func observe(
        missing: [HeldModel], of count: Int, isThere: (String) -> Bool
    ) -> (verdict: Verdict, confirmed: [HeldModel], back: [HeldModel]) {
        let former = held
        let verdict: Verdict = missing.count * 100 > count * Self.greatestLoss ? .shrunk : .removed
        held = verdict == .shrunk ? missing : []
        return (verdict, former.filter { !isThere($0.id) }, former.filter { isThere($0.id) })
    }

    // MARK: Encoding

    private static let signature = "larder shrink 1"

    /// A first line with the version, and for each model a line with two numbers of bytes, its id and its row.
    public var encoded: [UInt8] {
        var out = ByteBuilder(capacity: 64 + held.reduce(0) { $0 + $1.row.count + $1.id.utf8.count + 16 })
        out.append(utf8: Self.signature + "\n")
        for model in held {
            out.append(utf8: "\(model.id.utf8.count) \(model.row.count)\n")
            out.append(utf8: model.id)
            out.append(model.row.span)
        }
        return out.span.copied()
    }

    /// Reads what `encoded` gave. Nil if it is anything else.
    public init?(encoded bytes: Span<UInt8>) {
        guard let end = bytes.firstIndex(of: 10), bytes.extracting(0..<end).text() == Self.signature else { return nil }
        var at = end + 1
        while at < bytes.count {
            guard let line = bytes.firstIndex(of: 10, from: at) else { return nil }
            let numbers = bytes.extracting(at..<line).text().split(separator: " ", omittingEmptySubsequences: false)
            guard numbers.count == 2, let idCount = Int(numbers[0]), let rowCount = Int(numbers[1]) else { return nil }
            at = line + 1
            guard idCount >= 0, rowCount >= 0, idCount <= bytes.count - at, rowCount <= bytes.count - at - idCount
            else { return nil }
            guard let id = String(validating: bytes.extracting(at..<at + idCount).copied(), as: UTF8.self) else {
                return nil
            }
            held.append(HeldModel(id: id, row: bytes.extracting(at + idCount..<at + idCount + rowCount).copied()))
            at += idCount + rowCount
        }
    }
}

/// Decides whether the wall clock may be believed when it says what is old enough to be removed.
///
/// A clock that is wrongly far ahead would have a whole history removed. So a clock that has jumped ahead by more than a
/// day is believed only after it has gone on like that for another day; removing something later does no harm. A machine
/// that was suspended or switched off for longer than a day waits a day, too.
///
/// It reads no clock: each call has the times of both, the monotonic one in milliseconds, the wall clock in seconds since
/// 1970.
public struct PruningClock: Equatable, Sendable {
    /// The largest step ahead that is believed at once, in seconds.
    public static let largestStep: Int64 = 86_400
    /// How long a clock must go on after a larger one, in milliseconds.
    public static let confirmation: UInt64 = 86_400_000

    private struct Suspicion: Equatable {
        /// How far the wall clock is ahead of the monotonic one, in seconds.
        var lead: Int64
        let since: UInt64
    }

    /// How far the wall clock was ahead of the monotonic one when it was last believed, in seconds.
    private var lead: Int64
    private var suspicion: Suspicion?

    /// Begins at `now`, with the latest time that is known to have passed, such as that of the last record.
    public init(latest: Int64, at now: UInt64) { lead = Self.lead(latest, now) }

    /// Whether the wall clock may be believed now. The more often it is asked, the better.
    public mutating func isBelieved(at now: UInt64, wallSeconds: Int64) -> Bool {
        let current = Self.lead(wallSeconds, now)
        if Self.isStep(from: lead, to: current) || isConfirmed(current, at: now) {
            lead = current
            suspicion = nil
            return true
        }
        return false
    }

    private mutating func isConfirmed(_ current: Int64, at now: UInt64) -> Bool {
        guard let suspicion, Self.isStep(from: suspicion.lead, to: current),
            Self.isStep(from: current, to: suspicion.lead)
        else {
            suspicion = Suspicion(lead: current, since: now)
            return false
        }
        self.suspicion?.lead = current
        return now >= suspicion.since.addingSaturated(Self.confirmation)
    }

    /// Whether this is no large step ahead. Steps back do no harm.
    private static func isStep(from last: Int64, to next: Int64) -> Bool {
        next.subtractingSaturated(last) <= largestStep
    }

    private static func lead(_ wallSeconds: Int64, _ now: UInt64) -> Int64 {
        wallSeconds.subtractingSaturated(Int64(clamping: now / 1000))
    }
}

/// Decides whether a catalogue may be recorded with the time of the wall clock.
///
/// The times of a history never fall. What a clock that is wrongly ahead dates stays ahead after the clock is set right,
/// and so does all that follows, until the clock gets there. What a clock that is behind dates gets the time of the last
/// record. So while this machine's clock and upstream's differ, nothing is recorded; the next catalogue shows what is
/// different by then. A machine's clock is usually set soon after its network is up. One that nobody sets, or an upstream
/// whose own clock is wrong, delays recording by an hour.
///
/// It reads no clock: `now` is the time of the monotonic one, in milliseconds.
public struct RecordingClock: Equatable, Sendable {
    /// The largest difference between the clocks that does no harm, in seconds. Some caches do not say how old their
    /// copies are, so a response may seem to be minutes old.
    public static let tolerance: Int64 = 600
    /// How long a difference keeps catalogues from being recorded, in milliseconds.
    public static let patience: UInt64 = 3_600_000

    /// What to do with a catalogue.
    public enum Verdict: Equatable, Sendable {
        /// Record it.
        case record
        /// Do not record it: the clocks differ. `isNew`: they did not differ before, so this is to be reported.
        case wait(isNew: Bool)
    }

    /// Since when the clocks have differed.
    private var differsSince: UInt64?
    /// Whether the latest time of the history is ahead of the wall clock.
    private var isBehind = false

    /// A clock that is trusted until it proves to be wrong.
    public init() {}

    /// A catalogue has come. `lead` is by how many seconds this machine's clock is ahead of upstream's; negative if it is
    /// behind, nil if this catalogue does not show it.
    public mutating func judge(lead: Int64?, at now: UInt64) -> Verdict {
        if let lead, lead.magnitude <= Self.tolerance.magnitude { differsSince = nil }
        if let differsSince {
            return now >= differsSince.addingSaturated(Self.patience) ? .record : .wait(isNew: false)
        }
        guard let lead, lead.magnitude > Self.tolerance.magnitude else { return .record }
        differsSince = now
        return .wait(isNew: true)
    }

    /// A catalogue is recorded. `latest` is the latest time of the history, and `time` that of the wall clock, both in
    /// seconds since 1970. Returns whether it is to be reported that changes get the latest time instead: once, until the
    /// clock has got there.
    public mutating func isNewlyBehind(latest: Int64, time: Int64) -> Bool {
        let was = isBehind
        isBehind = latest.subtractingSaturated(time) > Self.tolerance
        return isBehind && !was
    }
}
