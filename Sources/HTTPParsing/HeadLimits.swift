/// How large a request head may be. llhttp has no limits of its own.
public struct HeadLimits: Sendable, Equatable {
    /// The longest request target, in bytes; a longer one is 414.
    public var targetBytes: Int
    /// The most field lines; more are 431.
    public var fields: Int
    /// The most bytes of the whole head, request line and field lines; more are 431.
    public var headBytes: Int

    /// The defaults are those of the settings.
    public init(targetBytes: Int = 8 << 10, fields: Int = 100, headBytes: Int = 32 << 10) {
        self.targetBytes = targetBytes
        self.fields = fields
        self.headBytes = headBytes
    }
}
