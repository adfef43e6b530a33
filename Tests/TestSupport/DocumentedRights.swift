import Foundation

/// The rights at the engine that docs/fleet.md gives a fleet's user.
public enum DocumentedRights {
    /// The words of its `ACL SETUSER` line from the user's name on, with this password.
    public static func words(password: String) throws -> [String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("docs/fleet.md"), encoding: .utf8)
        let start = "    ACL SETUSER "
        let lines = page.split(separator: "\n").filter { $0.hasPrefix(start) }
        guard lines.count == 1, lines[0].contains(" >PASSWORD ") else { throw Missing(count: lines.count) }
        return lines[0].dropFirst(start.count).split(separator: " ").map {
            $0 == ">PASSWORD" ? ">" + password : String($0)
        }
    }

    /// The page has another number of such lines than one, or one without a password.
    private struct Missing: Error { let count: Int }
}
