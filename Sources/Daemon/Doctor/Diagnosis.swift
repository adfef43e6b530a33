/// What one check of `larder doctor` has found.
public struct Diagnosis: Sendable, Equatable {
    /// How bad it is.
    public enum Verdict: String, Sendable {
        /// Nothing to do.
        case ok
        /// It works, but somebody should know.
        case warn
        /// It does not work.
        case fail
        /// It was not looked at: its text says why, or another finding does.
        case skip
    }

    /// What was looked at, in a word.
    public let check: String

    /// How bad it is.
    public let verdict: Verdict

    /// What there is, and what to do about it.
    public let text: String

    init(_ check: String, _ verdict: Verdict, _ text: String) {
        self.check = check
        self.verdict = verdict
        self.text = text
    }

    /// The finding in one line.
    public func line(_ style: TerminalStyle) -> String {
        let colour: Colour =
            switch verdict {
            case .ok: .green
            case .warn: .yellow
            case .fail: .red
            case .skip: .faint
            }
        let padding = String(repeating: " ", count: max(1, 10 - check.count))
        return style.apply(colour, to: verdict.rawValue) + String(repeating: " ", count: 6 - verdict.rawValue.count)
            + check + padding + DisplayText.printable(text)
    }
}
