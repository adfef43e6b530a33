package import Bytes
package import Digest
package import History
package import Store
import Threads

/// Writes the parts of one upstream's history in the form in which they are stored, and reads them back. Each part has a
/// seal, made with the installation's secret, that no other part has.
package struct HistorySeal: Sendable {
    /// The upstream, which every seal covers.
    package let upstream: String
    private let sealer: Fingerprinter

    private static let size = 16

    /// The seals of an upstream's history.
    package init(upstream: String, sealer: Fingerprinter) {
        self.upstream = upstream
        self.sealer = sealer
    }

    /// A name of the history that no other history has, in this installation or another: 16 hex digits. It does not show
    /// the upstream.
    package var name: String { hexText(sealer.fingerprint(begin(.name).bytes.span).words.high) }

    private enum Kind: UInt64 { case state, interval, event, list, name }

    /// The start of what a seal covers. No field value and no other sealed part can begin like this.
    private func begin(_ kind: Kind) -> StateWriter {
        var out = StateWriter()
        out.append(2, 1)
        out.append(kind.rawValue, 1)
        out.append(Array(upstream.utf8))
        return out
    }

    private func seal(_ part: StateWriter) -> [UInt8] {
        let words = sealer.fingerprint(part.bytes.span).words
        var out = StateWriter()
        out.append(words.high, 8)
        out.append(words.low, 8)
        return out.bytes
    }

    // MARK: Intervals

    /// An interval as it is stored.
    package func stored(_ interval: RowInterval) -> HistoryInterval {
        HistoryInterval(
            number: interval.number, position: interval.position, id: interval.id, digest: interval.digest.bytes,
            began: interval.from, ended: interval.to, seal: seal(covered(interval)))
    }

    /// The interval that was stored so; nil if it differs from what was written.
    package func interval(_ stored: HistoryInterval) -> RowInterval? {
        guard let digest = RowDigest(bytes: stored.digest) else { return nil }
        let interval = RowInterval(
            number: stored.number, position: stored.position, id: stored.id, digest: digest, from: stored.began,
            to: stored.ended)
        return seal(covered(interval)) == stored.seal ? interval : nil
    }

    private func covered(_ interval: RowInterval) -> StateWriter {
        var out = begin(.interval)
        out.append(interval.number)
        out.append(interval.position)
        out.append(Array(interval.id.utf8))
        out.append(interval.digest.bytes)
        out.append(interval.from)
        out.append(interval.to)
        return out
    }

    // MARK: Lists

    /// The mark for a list that begins at a time: the intervals of its rows in order, and of what is around them.
    package func mark(at time: Int64, _ intervals: some Sequence<RowInterval>) -> HistoryMark {
        HistoryMark(at: time, seal: list(at: time, intervals.map(\.digest)))
    }

    /// Whether a mark is that of a list.
    package func isMark(_ mark: HistoryMark, of intervals: [RowInterval]) -> Bool {
        list(at: mark.at, intervals.map(\.digest)) == mark.seal
    }

    private func list(at time: Int64, _ digests: [RowDigest]) -> [UInt8] {
        var all: [UInt8] = []
        all.reserveCapacity(digests.count * 32)
        for digest in digests { digest.append(to: &all) }
        var out = begin(.list)
        out.append(time)
        out.append(SHA256.digest(of: all.span).bytes)
        return seal(out)
    }

    // MARK: Events

    /// An event as it is stored.
    package func stored(_ event: Event) -> HistoryEventRecord {
        var content = StateWriter()
        content.append(Array(event.kind.rawValue.utf8))
        content.append(event.id.map { Array($0.utf8) })
        content.append(event.change.before)
        content.append(event.change.after)
        return stored(event.cursor, event.at, content: content.bytes)
    }

    /// An event with this content as it is stored.
    func stored(_ cursor: Int64, _ at: Int64, content: [UInt8]) -> HistoryEventRecord {
        HistoryEventRecord(cursor: cursor, at: at, bytes: content + seal(covered(cursor, at, content)))
    }

    /// The event that was stored so; nil if it differs from what was written, or only a later version can
    /// read it.
    package func event(_ stored: HistoryEventRecord) -> Event? {
        guard let content = content(stored) else { return nil }
        var reader = StateReader(content)
        guard let name = reader.text(), let kind = ChangeKind(rawValue: String(decoding: name, as: UTF8.self)),
            let id = reader.optionalText(), let before = reader.optionalText(), let after = reader.optionalText(),
            reader.isAtEnd
        else { return nil }
        return Event(
            cursor: stored.cursor, at: stored.at, id: id.map { String(decoding: $0, as: UTF8.self) },
            RowChange(kind, before: before, after: after))
    }

    /// Whether an event is as it was written, known or not.
    func isSealed(_ stored: HistoryEventRecord) -> Bool { content(stored) != nil }

    private func content(_ stored: HistoryEventRecord) -> [UInt8]? {
        guard stored.bytes.count >= Self.size else { return nil }
        let content = Array(stored.bytes.dropLast(Self.size))
        let isSealed = seal(covered(stored.cursor, stored.at, content)) == Array(stored.bytes.suffix(Self.size))
        return isSealed ? content : nil
    }

    private func covered(_ cursor: Int64, _ at: Int64, _ content: [UInt8]) -> StateWriter {
        var out = begin(.event)
        out.append(cursor)
        out.append(at)
        out.append(content)
        return out
    }

    // MARK: The state

    /// The state that goes with a batch.
    package func stored(_ state: JournalState, batch: Int64) -> SharedBytes {
        stored(content: state.bytes, batch: batch)
    }

    /// The state with this content.
    func stored(content: [UInt8], batch: Int64) -> SharedBytes {
        SharedBytes(content + seal(covered(content, batch)))
    }

    /// The state of a history; nil if it differs from what was written, or only a later version can read it.
    package func state(_ history: StoredHistory) -> JournalState? { content(history).flatMap { JournalState($0) } }

    /// Whether the state of a history is as it was written, but only a later version can read it.
    func isUnknown(_ history: StoredHistory) -> Bool { content(history).map { JournalState($0) == nil } ?? false }

    private func content(_ history: StoredHistory) -> [UInt8]? {
        let all = history.state.span.copied()
        guard all.count >= Self.size else { return nil }
        let content = Array(all.dropLast(Self.size))
        return seal(covered(content, history.batch)) == Array(all.suffix(Self.size)) ? content : nil
    }

    private func covered(_ content: [UInt8], _ batch: Int64) -> StateWriter {
        var out = begin(.state)
        out.append(batch)
        out.append(content)
        return out
    }
}

extension RowDigest {
    /// The digest of bytes.
    package init(of bytes: Span<UInt8>) {
        // 32 bytes are always a digest.
        self = RowDigest(bytes: SHA256.digest(of: bytes).bytes) ?? RowDigest(words: SIMD4(repeating: 0))
    }

    init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        var words = SIMD4<UInt64>(repeating: 0)
        for (index, byte) in bytes.enumerated() { words[index / 8] = words[index / 8] << 8 | UInt64(byte) }
        self.init(words: words)
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        append(to: &bytes)
        return bytes
    }

    func append(to bytes: inout [UInt8]) {
        for index in 0..<4 {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: words[index] >> UInt64(shift)))
            }
        }
    }
}

extension StateWriter {
    mutating func append(_ number: Int64?) {
        append(number == nil ? 0 : 1, 1)
        append(number ?? 0)
    }

    mutating func append(_ text: [UInt8]?) {
        append(text == nil ? 0 : 1, 1)
        append(text ?? [])
    }
}

extension StateReader {
    /// Nil if there is no such value; a value may be absent.
    mutating func optionalText() -> [UInt8]?? {
        guard let isThere = number(1), let text = text() else { return nil }
        return isThere == 1 ? .some(text) : .some(nil)
    }
}

extension HistorySeal {
    /// Whether a mark is that of the list that was read with it. It takes a millisecond, so do not call it on a loop.
    package func isMark(_ mark: HistoryMark, of history: StoredHistory) -> Bool {
        var intervals: [RowInterval] = []
        for (stored, _) in history.intervals {
            guard let interval = interval(stored) else { return false }
            intervals.append(interval)
            Throttle.pauseIfNeeded()
        }
        return isMark(mark, of: intervals)
    }
}
