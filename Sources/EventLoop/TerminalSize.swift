import Glibc

/// How many characters a terminal shows.
public struct TerminalSize: Sendable, Equatable {
    /// The characters of a line.
    public let columns: Int

    /// The lines.
    public let rows: Int

    /// Of the terminal behind a descriptor; nil if there is none, or it does not say.
    public init?(of descriptor: Int32) {
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return nil
        }
        columns = Int(size.ws_col)
        rows = Int(size.ws_row)
    }
}
