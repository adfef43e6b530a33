/// Why bytes are not a JSON document.
public struct JSONError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, in the parser's words.
    public let message: String

    /// The offset in bytes at which the parser stopped.
    public let position: Int

    /// The message and the position in one line.
    public var description: String { "\(message), at byte \(position)" }
}
