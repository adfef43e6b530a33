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

    @Test("The time is universal time, says so, and has milliseconds", arguments: [LineFormat.text, .json])
    func time(format: LineFormat) throws {
        let before = Date()
        let line = LogLine.text(format, level: .info, message: "a", metadata: [])
        let text = try #require(line.firstMatch(of: /^({"time":")?(2[-0-9]+T[:0-9]+\.[0-9]{3}Z)[" ]/)).2
        let time = try Date(String(text), strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        #expect(time > before.addingTimeInterval(-1) && time < Date().addingTimeInterval(1))
    }

    @Test("Names of events are plain words, each once")
    func names() {
        for event in LogEventName.allCases {
            #expect(event.rawValue.allSatisfy { $0 == "-" || $0.isLowercase && $0.isASCII })
        }
    }
}
