import Bytes
import Catalog
import History
import HistoryReference
import Testing

@Suite struct ModelHistoryTests {
    private func row(_ from: Int64, _ to: Int64?, _ members: String) -> ModelHistory.Row {
        ModelHistory.Row(from: from, to: to, bytes: Array("{\"id\":\"a/b\",\(members)}".utf8))
    }

    private func points(_ rows: [ModelHistory.Row]) -> [String] {
        ModelHistory(id: "a/b", rows: rows).points.map { point in
            guard let values = point.values else { return "\(point.at) gone" }
            return "\(point.at) \(String(decoding: values.pricing, as: UTF8.self)) "
                + String(decoding: values.contextLength, as: UTF8.self)
        }
    }

    @Test func onlyPricesAndContextMakePoints() {
        let rows = [
            row(1, 2, #""name":"x","pricing":{"prompt":"1"},"context_length":10"#),
            row(2, 3, #""name":"y","pricing":{"prompt":"1.0"},"context_length":10"#),
            row(3, 4, #""name":"y","pricing":{"prompt":"2"},"context_length":10"#),
            row(4, 5, #""name":"y","context_length":20,"pricing":{"prompt":"2"}"#),
            row(5, nil, #""name":"z","context_length":20"#),
        ]
        #expect(
            points(rows) == [
                #"1 {"prompt":"1"} 10"#, #"3 {"prompt":"2"} 10"#, #"4 {"prompt":"2"} 20"#, "5 null 20",
            ])
    }

    @Test func timesOfAbsenceAreReported() {
        let rows = [row(1, 2, #""context_length":1"#), row(5, 6, #""context_length":1"#)]
        #expect(points(rows) == ["1 null 1", "2 gone", "5 null 1", "6 gone"])
        #expect(points([]) == [])
    }

    @Test func aTimelineGivesTheRowsOfAModel() {
        var history = RecordedTimeline()
        func list(_ price: String, _ order: [String]) -> Snapshot {
            .make(
                order.map { id in
                    (id, id == "a/b" ? "{\"id\":\"a/b\",\"pricing\":{\"prompt\":\"\(price)\"}}" : "{\"id\":\"\(id)\"}")
                })
        }
        let others = ["x/1", "x/2", "x/3"]
        history.record(list("1", ["a/b"] + others), at: 10)
        // Another place in the list is another interval, and no point.
        history.record(list("1", others + ["a/b"]), at: 20)
        history.record(list("2", others + ["a/b"]), at: 30)
        history.record(list("2", others), at: 40)
        history.record(list("2", ["a/b"] + others), at: 50)
        let rows = history.records.rows(ofModel: "a/b")
        #expect(
            points(rows) == [
                #"10 {"prompt":"1"} null"#, #"30 {"prompt":"2"} null"#, "40 gone", #"50 {"prompt":"2"} null"#,
            ])
        #expect(history.records.rows(ofModel: "none").isEmpty)
    }

    @Test func ofSeveralRowsAtOneTimeOneCounts() {
        let rows = [
            row(1, 9, #""context_length":1"#), row(1, 9, #""context_length":2"#), row(4, 9, #""context_length":3"#),
        ]
        #expect(points(rows) == ["1 null 1", "9 gone"])
    }

    @Test func itIsJSON() {
        let history = ModelHistory(
            id: "a/\"b", rows: [row(0, 60, #""pricing":{"prompt":"1"},"context_length":10"#)])
        #expect(
            history.json.span.text()
                == #"{"id":"a/\"b","data":[{"at":"1970-01-01T00:00:00Z","pricing":{"prompt":"1"},"context_length":10},"#
                + #"{"at":"1970-01-01T00:01:00Z","removed":true}]}"#)
    }
}
