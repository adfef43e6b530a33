import Foundation
import Logging
import Serving
import Testing

@testable import Daemon

@Suite("Lines of the log")
struct LogLineTests {
    static let hostile = [
        "plain", "two words", "a \"quote\"", "back\\slash", "line\nend", "return\r\nfake=1", "\u{1B}[31mred",
        "tab\there",
        "\u{0}\u{7F}\u{85}\u{2028}", "ümläut 🙂", "",
    ]

    @Test("JSON parses, whatever the texts hold, and is one line", arguments: hostile)
    func json(text: String) throws {
        let line = LogLine.text(.json, level: .info, message: text, metadata: [("event", "fetched"), ("value", text)])
        #expect(line.split(whereSeparator: \.isNewline).count == 1 && line.hasSuffix("}\n"))
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
        #expect(object.map { Set($0.keys) } == ["time", "level", "message", "event", "value"])
    }

    @Test("Text is one line, and a value cannot pass for another member", arguments: hostile)
    func text(text: String) {
        let line = LogLine.text(.text, level: .warning, message: text, metadata: [("value", text)])
        #expect(line.dropLast().allSatisfy { !$0.isNewline } && line.hasSuffix("\n"))
        #expect(line.unicodeScalars.dropLast().allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
        let value = line.split(separator: " value=", maxSplits: 1).last ?? ""
        #expect(!text.contains(" ") || value.hasPrefix("\""))
    }

    @Test("The time is universal time in whole seconds, as in the access log", arguments: [LineFormat.text, .json])
    func time(format: LineFormat) throws {
        let before = Date()
        let line = LogLine.text(format, level: .info, message: "a", metadata: [])
        let text = try #require(line.firstMatch(of: /^({"time":")?(2[-0-9]+T[:0-9]+Z)[" ]/)).2
        let time = try Date(String(text), strategy: Date.ISO8601FormatStyle())
        #expect(time > before.addingTimeInterval(-2) && time < Date().addingTimeInterval(1))
    }

    @Test("A member that counts is a number, whatever the event, and any other is a string")
    func types() throws {
        let line = LogLine.text(
            .json, level: .warning, message: "a", metadata: [("status", "503"), ("count", "7"), ("key", "12345678")])
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object?["status"] as? Int == 503 && object?["count"] as? Int == 7)
        #expect(object?["key"] as? String == "12345678")
        // The members of a line of the access log have the same types.
        #expect(LogLine.numbers.isSuperset(of: ["status", "bytes", "age"]))
    }

    @Test(
        "A line begins with its level for the journal",
        arguments: [
            (Logger.Level.critical, "<2>"), (.error, "<3>"), (.warning, "<4>"), (.notice, "<5>"), (.info, "<6>"),
            (.debug, "<7>"), (.trace, "<7>"),
        ])
    func prefix(level: Logger.Level, prefix: String) {
        for format in [LineFormat.text, .json] {
            let line = LogLine.text(format, level: level, message: "a", metadata: [], hasPrefix: true)
            #expect(line.hasPrefix(prefix + (format == .json ? "{" : "2")))
            #expect(!LogLine.text(format, level: level, message: "a", metadata: []).hasPrefix("<"))
        }
    }

    @Test("Names of events are plain words, each once")
    func names() {
        for event in LogEventName.allCases {
            #expect(event.rawValue.allSatisfy { $0 == "-" || $0.isLowercase && $0.isASCII })
        }
    }
}
