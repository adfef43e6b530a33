import Glibc
public import Settings

/// Shows the status of a running Larder again and again, as `larder status --watch` does.
public enum StatusWatch {
    /// Asks every `seconds` until a signal ends the process. On a terminal each page replaces the one before. The first
    /// answer must be a status; later failures are shown, since a restarted Larder will answer again.
    public static func run(
        _ address: LarderAddress, every seconds: Double, style: () -> TerminalStyle, write: ([UInt8]) -> Void
    ) throws(ClientFailure) {
        var hasAnswered = false
        while true {
            let style = style()
            do throws(ClientFailure) {
                let page = try StatusReport.run(address, asJSON: false, style: style)
                hasAnswered = true
                show(page, style, write)
            } catch {
                guard hasAnswered else { throw error }
                show(Array((error.description + "\n").utf8), style, write)
            }
            usleep(UInt32(seconds * 1_000_000))
        }
    }

    private static func show(_ page: [UInt8], _ style: TerminalStyle, _ write: ([UInt8]) -> Void) {
        guard style.isStyled else { return write(page + [0x0A]) }
        // The cursor goes to the top, each line is cleared after its end, and the screen below the last one.
        var lines = page.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        if let height = style.height { lines = Array(lines.prefix(max(1, height - 1))) }
        let cleared = lines.joined(separator: Array("\u{1B}[K\r\n".utf8))
        write(Array("\u{1B}[H".utf8) + cleared + Array("\u{1B}[K\u{1B}[J".utf8))
    }
}
