import Catalog
import History
import Persistence
import Testing

/// The order of reading, recording and losing, event by event.
@Suite struct HistoryRecorderTests {
    private let folder: HistoryFolder
    private let journal: HistoryJournal

    init() throws {
        folder = try HistoryFolder()
        journal = try folder.journal()
    }

    private static func catalogue(_ number: Int) throws -> Snapshot { try .of([#"{"id":"a/\#(number)"}"#]) }

    private func recordedTime(_ action: HistoryRecorder.Action) -> Int64? {
        if case .record(let fetched, _) = action { fetched.time } else { nil }
    }

    private func isLoad(_ action: HistoryRecorder.Action) -> Bool { if case .load = action { true } else { false } }

    @Test func `the journal is read first, and catalogues are recorded one after the other`() throws {
        var recorder = HistoryRecorder()
        #expect(isLoad(recorder.fetched(try Self.catalogue(1), at: 1)))
        #expect(!isLoad(recorder.fetched(try Self.catalogue(2), at: 2)))
        #expect(recordedTime(recorder.loaded(journal)) == 1)
        #expect(recordedTime(recorder.fetched(try Self.catalogue(3), at: 3)) == nil)
        #expect(recordedTime(recorder.recorded(journal)) == 2)
        #expect(recordedTime(recorder.recorded(journal)) == 3)
        #expect(recordedTime(recorder.recorded(journal)) == nil)
        #expect(recordedTime(recorder.fetched(try Self.catalogue(4), at: 4)) == 4)
    }

    @Test func `what cannot be read is given up until the next catalogue`() throws {
        var recorder = HistoryRecorder()
        #expect(isLoad(recorder.fetched(try Self.catalogue(1), at: 1)))
        #expect(recordedTime(recorder.loaded(nil)) == nil)
        #expect(isLoad(recorder.fetched(try Self.catalogue(2), at: 2)))
        #expect(recordedTime(recorder.loaded(journal)) == 2)
    }

    @Test func `after a batch was lost the journal is read again`() throws {
        var recorder = HistoryRecorder()
        _ = recorder.fetched(try Self.catalogue(1), at: 1)
        _ = recorder.loaded(journal)
        recorder.lost()
        #expect(recordedTime(recorder.fetched(try Self.catalogue(2), at: 2)) == nil)
        #expect(isLoad(recorder.recorded(journal)))
        #expect(recordedTime(recorder.loaded(journal)) == 2)
        _ = recorder.recorded(journal)
        recorder.lost()
        #expect(isLoad(recorder.fetched(try Self.catalogue(3), at: 3)))
    }

    @Test func `the same catalogue again needs no work, unless it confirms that rows are missing`() throws {
        let rows = (0..<9).map { #"{"id":"a/\#($0)"}"# }
        var journal = journal
        let (whole, half) = (try Snapshot.of(rows), try Snapshot.of(Array(rows.prefix(3))))
        _ = journal.record(whole, at: 1, keep: nil)
        #expect(journal.isSettled(with: whole) && !journal.isSettled(with: half))
        let shrunk = journal.record(half, at: 2, keep: nil)
        #expect(shrunk?.events.map(\.kind) == [.shrunk])
        #expect(!journal.isSettled(with: half))
        let confirmed = journal.record(half, at: 3, keep: nil)
        #expect(confirmed?.events.count == 6)
        #expect(journal.isSettled(with: half))
        let again = journal.record(half, at: 4, keep: nil)
        #expect(again?.events.isEmpty ?? true)
    }

    @Test func `a catalogue is pending from its fetch until it is stored or given up`() throws {
        var recorder = HistoryRecorder()
        #expect(recorder.firstPending == nil)
        _ = recorder.fetched(try Self.catalogue(1), at: 10)
        _ = recorder.fetched(try Self.catalogue(2), at: 20)
        #expect(recorder.firstPending == 10, "the journal is read")
        _ = recorder.loaded(journal)
        #expect(recorder.firstPending == 10, "it is recorded")
        _ = recorder.recorded(journal, addsBatch: true)
        #expect(recorder.firstPending == 10, "it is on its way to the disk")
        _ = recorder.recorded(journal)
        #expect(recorder.firstPending == 10)
        recorder.stored(10)
        #expect(recorder.firstPending == nil, "the second one adds nothing")

        _ = recorder.fetched(try Self.catalogue(3), at: 30)
        _ = recorder.recorded(journal, addsBatch: true)
        #expect(recorder.firstPending == 30)
        recorder.notStored(30)
        #expect(recorder.firstPending == nil)
        #expect(isLoad(recorder.fetched(try Self.catalogue(4), at: 40)))
        #expect(recorder.firstPending == 40)
        _ = recorder.loaded(nil)
        #expect(recorder.firstPending == nil, "it is given up")

        _ = recorder.fetched(try Self.catalogue(5), at: 50)
        _ = recorder.loaded(journal)
        _ = recorder.recorded(journal, addsBatch: true)
        _ = recorder.fetched(try Self.catalogue(6), at: 60)
        _ = recorder.recorded(journal, addsBatch: true)
        #expect(recorder.firstPending == 50)
        recorder.stored(60)
        #expect(recorder.firstPending == nil, "batches are written in order")
    }

    @Test func `a journal is read again when the store may have too much`() throws {
        var (recorder, next) = (HistoryRecorder(), journal)
        _ = recorder.fetched(try Self.catalogue(1), at: 1)
        _ = recorder.loaded(journal)
        _ = next.record(try Self.catalogue(1), at: 1, keep: nil)
        // How much room there is, is not known before the first catalogue is stored.
        #expect(next.isToBeReadAgain && !journal.isToBeReadAgain)
        _ = recorder.recorded(next, addsBatch: true)
        #expect(isLoad(recorder.fetched(try Self.catalogue(2), at: 2)))
    }

    @Test func `no more than a few catalogues wait`() throws {
        var recorder = HistoryRecorder()
        for number in 0..<30 { _ = recorder.fetched(try Self.catalogue(number), at: Int64(number)) }
        var times: [Int64] = []
        var next = recordedTime(recorder.loaded(journal))
        while let time = next {
            times.append(time)
            next = recordedTime(recorder.recorded(journal))
        }
        #expect(times == (0..<Int64(HistoryRecorder.mostWaiting)).map { $0 })
    }
}
