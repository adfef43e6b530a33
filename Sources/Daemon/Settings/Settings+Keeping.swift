extension Settings {
    /// How long an answer may be served after it has ceased to be fresh. Zero: not at all.
    public struct Stale: Sendable, Equatable {
        /// At once, while a new one is fetched (RFC 5861 section 3).
        public var whileRevalidate: Duration = .seconds(3600)
        /// In place of an error, while upstream fails (RFC 5861 section 4).
        public var ifError: Duration = .seconds(24 * 3600)
    }

    /// What is kept over a restart.
    public struct State: Sendable, Equatable {
        /// Whether anything is.
        public var enabled = true
        /// The directory for it. The loader finds the usual one where none is set; nil if there is no home to have it in.
        public var directory: String?
    }
}
