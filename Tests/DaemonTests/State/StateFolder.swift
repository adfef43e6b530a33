import Daemon
import Foundation
import Settings
import TestSupport

/// A state directory of a test's own, which is deleted with all that is in it when the test is over.
final class StateFolder: Sendable {
    /// Where it is; it does not exist before it is first used.
    let path: String
    private let root: String

    init() {
        root = "/tmp/larder-state-\(UInt64.random(in: 0 ... .max))"
        path = root + "/state"
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// A path beside it, which goes with it.
    func beside(_ name: String) -> String { root + "/" + name }

    /// The names of the files in it, sorted.
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

    /// The bytes of all files in it.
    func files() throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in names { files[name] = try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)) }
        return files
    }

    /// Puts precisely these files in it.
    func replace(with files: [String: Data]) throws {
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for (name, bytes) in files {
            let file = path + "/" + name
            try bytes.write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        }
    }

    /// Whether any file in it holds this text.
    func holds(_ text: String) throws -> Bool {
        try files().values.contains { $0.range(of: Data(text.utf8)) != nil }
    }

    /// Settings that keep state here, and serve what is stale.
    func keep(_ settings: inout Settings) {
        settings.state.enabled = true
        settings.state.directory = path
        settings.stale.whileRevalidate = .seconds(3600)
        settings.stale.ifError = .seconds(86400)
    }
}

/// An upstream that can go down and come back on the same port, and numbers what it sends.
final class UpAndDown: Sendable {
    let origin: ScriptedOrigin
    private let isDown: Monitor<Bool>

    /// `handler` decides while it is up.
    init(_ handler: @escaping ScriptedOrigin.Handler) throws {
        let isDown = Monitor(false)
        self.isDown = isDown
        origin = try ScriptedOrigin { isDown.current ? .reset : handler($0) }
    }

    /// From now on each request is answered by a reset connection, or is not any more.
    func setDown(_ value: Bool) { isDown.withValue { $0 = value } }
}

extension LarderProcess {
    /// Starts `larder serve` before an upstream, with its state in a folder.
    static func serve(
        before upstream: UpAndDown, in folder: StateFolder, _ more: [String] = [], environment: [String: String] = [:]
    ) throws -> LarderProcess {
        try serve(
            ["--upstream", upstream.origin.url + "/api/v1", "--state-dir", folder.path] + more, environment: environment
        )
    }
}
