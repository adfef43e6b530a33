import Foundation
import TOML
import TestSupport
import Testing

/// Made-up documents, most of them nearly valid, read here and by Python's `tomllib`: both must refuse the same ones, and
/// find the same values in the others.
@Suite("Against Python's tomllib") struct AgainstPythonTests {
    @Test func `thousands of documents mean the same`() throws {
        var random = SeededGenerator(seed: 20_26)
        var documents: [[UInt8]] = []
        while documents.count < 6000 {
            var generator = DocumentGenerator(random: random)
            let document = generator.document()
            random = generator.random
            if !isReadOtherwise(document) { documents.append(document) }
        }
        let path = "/tmp/larder-toml-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let lines = documents.map { Meaning.hex($0) + "\n" }.joined()
        try lines.write(toFile: path, atomically: true, encoding: .utf8)
        let python = try ChildProcess("/usr/bin/env", ["python3", "-c", Self.program, path], environment: Self.path)
        let ending = try python.waitForExit(timeout: .seconds(120))
        #expect(ending == .exited(0), "this test needs Python 3.11: \(python.lines(.error).suffix(3))")
        let theirs = python.lines(.output)
        try #require(theirs.count == documents.count)
        var valid = 0
        for (document, their) in zip(documents, theirs) {
            let ours = Meaning.of(document)
            if ours != "invalid" { valid += 1 }
            #expect(ours == their, "\(String(decoding: document, as: UTF8.self).debugDescription)")
        }
        // The generator makes enough of both kinds.
        #expect((1500...4500).contains(valid), "\(valid)")
    }

    /// Where the two are known to differ: a byte order mark, leap seconds, the year 0.
    private func isReadOtherwise(_ document: [UInt8]) -> Bool {
        let text = String(decoding: document, as: UTF8.self)
        return text.unicodeScalars.contains("\u{FEFF}") || text.contains(":60") || text.contains("0000-")
    }

    private static var path: [String: String] {
        ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
    }

    /// Prints for each document what `Meaning.of` says of it. Integers are limited to 64 bits, as TOML has it.
    private static let program = """
        import struct, sys, tomllib
        def meaning(value):
            if isinstance(value, bool): return str(value).lower()
            if isinstance(value, int):
                if not -2**63 <= value < 2**63: raise ValueError
                return "i%d" % value
            if isinstance(value, float):
                if value != value: return "nan"
                return "f" + struct.pack(">d", value).hex()
            if isinstance(value, str): return "s" + value.encode().hex()
            if isinstance(value, list): return "[" + ",".join(map(meaning, value)) + "]"
            if isinstance(value, dict):
                return "{" + ",".join(sorted(k.encode().hex() + "=" + meaning(v) for k, v in value.items())) + "}"
            return "date"
        for line in open(sys.argv[1]):
            try: print(meaning(tomllib.loads(bytes.fromhex(line).decode())))
            except (ValueError, RecursionError): print("invalid")
        """
}

/// What a document means, as one line: no order of keys, exact floats, texts as hexadecimal digits.
private enum Meaning {
    static func of(_ document: [UInt8]) -> String {
        guard let table = try? TOMLTable(parsing: document) else { return "invalid" }
        return of(TOMLValue(.table(table), line: 1))
    }

    private static func of(_ value: TOMLValue) -> String {
        switch value.content {
        case .string(let text): "s" + hex(Array(text.utf8))
        case .integer(let number): "i\(number)"
        case .float(let number): number.isNaN ? "nan" : "f" + hex(number.bitPattern.bigEndianBytes)
        case .boolean(let truth): "\(truth)"
        case .dateTime: "date"
        case .array(let items): "[" + items.map(of).joined(separator: ",") + "]"
        case .table(let table):
            "{" + table.entries.map { hex(Array($0.key.utf8)) + "=" + of($0.value) }.sorted().joined(separator: ",")
                + "}"
        }
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension UInt64 {
    fileprivate var bigEndianBytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * UInt64($0))) }
    }
}
