import Bytes
import Catalog
import History
import HistoryReference

extension Snapshot {
    /// A catalogue of these rows, byte for byte; each is an id and a JSON object.
    static func make(_ rows: [(id: String, row: String)]) -> Snapshot {
        var builder = SnapshotBuilder()
        for row in rows {
            let bytes = Array(row.row.utf8)
            builder.append(ModelFields(id: row.id), row: bytes.span)
        }
        return builder.finish()
    }

    /// A catalogue of models that have an id and these members, such as `"context_length":1`.
    static func make(_ models: KeyValuePairs<String, String>) -> Snapshot {
        make(models.map { id, members in (id, "{\"id\":\"\(id)\"\(members.isEmpty ? "" : ",")\(members)}") })
    }
}

/// The digest that tests use: four hashes with different seeds.
func testDigest(_ bytes: Span<UInt8>) -> RowDigest {
    RowDigest(
        words: SIMD4(bytes.hash64(), bytes.hash64(seed: 1), bytes.hash64(seed: 2), bytes.hash64(seed: 3)))
}

extension ListEnvelope {
    /// `{"data":[...]}`.
    static let plain = ListEnvelope(head: Array("{\"data\":[".utf8), tail: Array("]}".utf8))

    /// The envelope of Larder's own answers.
    static func counted(_ count: Int) -> ListEnvelope {
        ListEnvelope(
            head: Array("{\"data\":[".utf8),
            tail: Array("],\"total_count\":\(count),\"links\":{\"next\":null}}".utf8))
    }
}

extension ListEnvelope {
    /// The list that has these rows in this envelope.
    func list(of snapshot: Snapshot) -> String {
        let rows = (0..<snapshot.count).map { index in
            let row = snapshot.row(index)
            return row.span.text()
        }
        return String(decoding: head, as: UTF8.self) + rows.joined(separator: ",")
            + String(decoding: tail, as: UTF8.self)
    }
}

extension [HistoryAction] {
    /// The events that are to be kept.
    var events: [Event] {
        compactMap { action in
            guard case .append(let event) = action else { return nil }
            return event
        }
    }

    /// The intervals that are opened.
    var opened: [RowInterval] {
        compactMap { action in
            guard case .open(let interval) = action else { return nil }
            return interval
        }
    }
}

extension Event {
    /// `KIND ID BEFORE AFTER`, for comparing in tests.
    var words: String {
        let before = change.before.map { String(decoding: $0, as: UTF8.self) } ?? "-"
        let after = change.after.map { String(decoding: $0, as: UTF8.self) } ?? "-"
        return "\(kind.rawValue) \(id ?? "-") \(before) \(after)"
    }
}

/// A timeline and the store that carries its actions out.
struct RecordedTimeline {
    var timeline = Timeline()
    var records = HistoryRecords()

    /// Records a catalogue and returns the events, in words.
    @discardableResult
    mutating func record(_ snapshot: Snapshot, in envelope: ListEnvelope = .plain, at time: Int64) -> [String] {
        let actions = timeline.record(snapshot, in: envelope, at: time, digest: testDigest)
        records.apply(actions)
        return actions.events.map(\.words)
    }

    /// The same timeline, made anew from what is stored, as after a restart.
    mutating func restart() throws {
        guard let state = records.state, let latest = timeline.catalogue,
            let restored = Timeline(state, latest: latest, digest: testDigest)
        else { throw Unrestored() }
        timeline = restored
    }

    func list(asOf time: Int64) -> String? { records.list(asOf: time).map { $0.span.text() } }
}

struct Unrestored: Error {}
