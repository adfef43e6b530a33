import CBuild
import Settings

/// What `larder --version` prints: the release, and what this program was built from.
enum BuildVersion {
    /// `0.2.0 (a1b2c3d, Swift 6.3)`; without the commit if the build was not told of one.
    static var text: String {
        let parts = [commit(larder_commit), "Swift \(compiler)"].compactMap(\.self)
        return "\(version) (\(parts.joined(separator: ", ")))"
    }

    /// A commit's first seven digits; nil for a negative number.
    private static func commit(_ number: Int32) -> String? {
        guard number >= 0 else { return nil }
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, 7 - digits.count)) + digits
    }

    private static var compiler: String {
        #if compiler(>=6.5)
            "6.5 or newer"
        #elseif compiler(>=6.4)
            "6.4"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }
}
