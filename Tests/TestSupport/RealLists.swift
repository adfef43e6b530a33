import Foundation

/// Lists that upstream once sent, for the tests that use them where they are at hand.
public enum RealLists {
    /// The lists found, by file name: in the directory that `LARDER_DATA` names, else in `shared/data` beside the checkout.
    public static let all: [(name: String, body: [UInt8])] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return names.sorted().compactMap { name in
            guard name.hasPrefix("openrouter-models-"), !name.contains("count") else { return nil }
            guard let data = try? Data(contentsOf: directory.appendingPathComponent(name)) else { return nil }
            return (name, Array(data))
        }
    }()

    /// Whether there are any. A test over them is disabled where there are none, lest it pass without a case.
    public static var areAtHand: Bool { !all.isEmpty }

    private static var directory: URL {
        if let path = ProcessInfo.processInfo.environment["LARDER_DATA"] { return URL(fileURLWithPath: path) }
        let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return checkout.deletingLastPathComponent().appendingPathComponent("shared/data")
    }
}
