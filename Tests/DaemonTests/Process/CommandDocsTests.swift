import Foundation
import JSONDocument
import TestSupport
import Testing

/// The man page, the page of the documentation, the help and the completions, against what the binary knows.
@Suite(.timeLimit(.minutes(300))) struct CommandDocsTests {
    /// The flags of each command with what is said of them, without those that every command has.
    private static func known() throws -> [String: [String: String]] {
        let dump = try LarderProcess.run(["--experimental-dump-help"])
        let bytes = Array(dump.output.utf8)
        var commands: [String: [String: String]] = [:]
        let root = try JSONDocument(parsing: bytes.span).root
        for command in try #require(root["command"]?["subcommands"]).elements {
            guard let name = command["commandName"]?.string, name != "help" else { continue }
            var flags: [String: String] = [:]
            for argument in try #require(command["arguments"]).elements {
                guard let flag = argument["preferredName"]?["name"]?.string, flag != "help", flag != "version" else {
                    continue
                }
                flags[flag] = argument["abstract"]?.string ?? ""
            }
            commands[name] = flags
        }
        return commands
    }

    /// Where a file of the tree lies.
    private func path(_ path: String) -> String {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.appendingPathComponent(path).path
    }

    private func file(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    @Test func `the page of the documentation has every command and flag, and no other`() throws {
        var documented: [String: [String: String]] = [:]
        var command = ""
        for line in try file("docs/command-line.md").split(separator: "\n") {
            if line.hasPrefix("## larder ") {
                command = String(line.dropFirst(10))
                documented[command] = [:]
            } else if line.hasPrefix("| `--") {
                let cells = line.split(separator: " | ", maxSplits: 1)
                let flag = cells[0].dropFirst(5).prefix { $0 != " " && $0 != "`" }
                documented[command]?[String(flag)] = String(cells[1].dropLast(2))
            }
        }
        #expect(try documented == Self.known())
    }

    @Test func `the man page has every command and flag, and no other`() throws {
        var documented: [String: [String: String]] = [:]
        var command = ""
        var flag = ""
        for raw in try file("deploy/man/larder.1").split(separator: "\n") {
            let line = raw.replacing("\\-", with: "-").replacing("\\(aq", with: "'").replacing("\\(ga", with: "`")
            if line.hasPrefix(".SS larder ") {
                command = String(line.dropFirst(11))
                documented[command] = [:]
            } else if line.hasPrefix("\\fB--"), command != "" {
                flag = String(line.dropFirst(5).prefix { $0 != "\\" })
            } else if line.hasPrefix(".SH ") {
                command = ""
            } else if flag != "" {
                documented[command]?[flag] = String(line)
                flag = ""
            }
        }
        #expect(try documented == Self.known())
    }

    /// What `man` reads pages with. Not every machine has it; the page's contents are compared in any case.
    private static let groff = "/usr/bin/groff"
    private static var hasGroff: Bool { FileManager.default.isExecutableFile(atPath: groff) }

    @Test(.enabled(if: hasGroff, "groff is there"))
    func `the man page is one that man reads without a warning`() throws {
        let result = try ChildProcess.run(Self.groff, ["-man", "-Tutf8", "-ww", path("deploy/man/larder.1")])
        #expect(result.ending == .exited(0) && result.error.isEmpty, "\(result.error)")
        #expect(result.output.contains("LARDER_URL"))
    }

    @Test func `the help of every command fits, says what it is for and how it ends`() throws {
        for command in try Self.known().keys {
            let help = try LarderProcess.run([command, "--help"], environment: ["COLUMNS": "80"])
            #expect(help.ending == .exited(0) && help.output.hasPrefix("OVERVIEW: "), "\(command)")
        }
        let version = try LarderProcess.run(["--version"])
        #expect(version.ending == .exited(0))
        // A build that was told of no commit says nothing of one.
        let form = /larder 0\.\d+\.\d+ \(([0-9a-f]{7}, )?Swift 6\.\d+( or newer)?\)/
        #expect(version.output.wholeMatch(of: form) != nil, "\(version.output)")
    }

    @Test(arguments: [
        ("mod", 1, "models"), ("models --min-pr", 2, "--min-price"), ("models --sort top", 3, "top-weekly"),
        ("models --supported", 2, "--supported-parameters"), ("doctor --key", 2, "--key-from-env"),
    ])
    func `bash completes commands, flags and values`(line: String, position: Int, completion: String) throws {
        let script = """
            source <(\(LarderProcess.path) --generate-completion-script bash) || exit 9
            complete -p larder > /dev/null || exit 8
            COMP_WORDS=(larder \(line)); COMP_CWORD=\(position)
            COMP_LINE="larder \(line)"; COMP_POINT=${#COMP_LINE}
            function_name=$(complete -p larder | sed 's/.*-F \\([^ ]*\\).*/\\1/')
            "$function_name" larder "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let result = try ChildProcess.run("/bin/bash", ["-c", script])
        #expect(result.ending == .exited(0), "\(result)")
        #expect(
            result.output.split(separator: "\n").contains { $0.trimmingCharacters(in: .whitespaces) == completion },
            "\(result)")
    }
}
