/// A time span in one number and one unit, as short as a column of a table wants it.
enum AgeText {
    private static let day = 86_400

    /// The span in whole units, rounded down: `45s`, `12m`, `7h`, `20d`, `11mo`, `3y`.
    static func short(_ seconds: Int) -> String {
        switch max(seconds, 0) {
        case ..<60: "\(max(seconds, 0))s"
        case ..<3_600: "\(seconds / 60)m"
        case ..<(2 * day): "\(seconds / 3_600)h"
        case ..<(100 * day): "\(seconds / day)d"
        case ..<(730 * day): "\(seconds / (30 * day))mo"
        default: "\(seconds / (365 * day))y"
        }
    }
}
