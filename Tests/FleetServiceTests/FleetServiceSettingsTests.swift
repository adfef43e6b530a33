import Fleet
import FleetService
import Foundation
import Testing

@Suite struct FleetServiceSettingsTests {
    private func file(_ text: String) throws -> String {
        let path = "/tmp/larder-fleet-\(UInt32.random(in: 0...UInt32.max))"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func settings(
        url: String = "redis://a", secret: String = "a secret of more than 32 bytes, all printable\n",
        password: String? = nil, prefix: String = "larder", upstream: String = "https://openrouter.ai/api/v1"
    ) throws -> FleetServiceSettings {
        let secretFile = try file(secret)
        let passwordFile = try password.map { try file($0) }
        defer {
            for path in [secretFile, passwordFile] { if let path { try? FileManager.default.removeItem(atPath: path) } }
        }
        return try FleetServiceSettings(
            url: url, secretFile: secretFile, passwordFile: passwordFile, prefix: prefix, upstream: upstream,
            limits: Limits())
    }

    @Test func `the password loses the line break of its file, and nothing else`() throws {
        #expect(try settings(password: "pass word \n").password == Array("pass word ".utf8))
        #expect(try settings(password: "pass\r\n").password == Array("pass".utf8))
        #expect(try settings(password: "pass\n\n").password == Array("pass\n".utf8))
        #expect(try settings().password == nil)
    }

    @Test func `two upstreams, or two prefixes, have keys of their own`() throws {
        let names = try [
            settings(), settings(upstream: "https://eu.openrouter.ai/api/v1"), settings(prefix: "team"),
        ].map(\.namespace.name)
        #expect(Set(names).count == 3)
        #expect(try settings().namespace.name == names[0])
    }

    @Test(arguments: [
        ("http://a", "s", "fleet.url"), ("redis://:hunter2@a", "s", "fleet.url"),
        ("redis://a", "hunter2", "secret_file"),
    ])
    func `an error names its setting and contains no secret`(url: String, secret: String, name: String) {
        do {
            _ = try settings(url: url, secret: secret)
            Issue.record("accepted")
        } catch {
            #expect("\(error)".contains(name) && !"\(error)".contains("hunter2"))
        }
        #expect(throws: FleetProblem.self) { try settings(password: "") }
        #expect(throws: FleetProblem.self) { try settings(prefix: "a{b}") }
        #expect(throws: FleetProblem.self) {
            try FleetServiceSettings(
                url: "redis://a", secretFile: "/nonexistent", passwordFile: nil, prefix: "a", upstream: "",
                limits: Limits())
        }
    }
}
