internal import Fleet

extension Settings {
    /// The engine that several Larders share copies through.
    public struct Fleet: Sendable, Equatable {
        /// Its address; nil: this Larder is alone.
        public var url: String?
        /// The user of its ACL; nil for the default one.
        public var username: String?
        /// The file of its password.
        public var passwordFile: String?
        /// The file of the secret that all replicas have.
        public var secretFile: String?
        /// A file of certificates trusted in addition to the system's.
        public var caFile: String?
        /// What distinguishes this fleet's keys from those of others on the same engine.
        public var namespace = "larder"
        /// The time that connections may take to be established.
        public var connectTimeout: Duration = .milliseconds(500)
        /// The time for a reply, and for all replies together that a request waits for.
        public var timeout: Duration = .milliseconds(500)
        /// Whether Larder does not start without the engine.
        public var required = false
        /// The size of the largest copy that is shared, in bytes.
        public var maxValueBytes = 8 << 20

        /// No fleet.
        public init() {}

        /// What is missing or useless among the settings together; nil if nothing is.
        package var problem: String? {
            if url == nil {
                return required ? "fleet.required is set, and fleet.url is not" : nil
            }
            if secretFile == nil { return "fleet.url needs fleet.secret_file: a file that is the same on all replicas" }
            return username != nil && passwordFile == nil ? "fleet.username needs fleet.password_file" : nil
        }
    }
}

extension SettingKind<String> {
    /// The address of a fleet's engine. A bad one is not shown, because it may contain a password.
    static let engineURL = {
        var kind = Self.text(
            "redis://HOST[:PORT][/DATABASE], rediss:// for TLS, redis+sentinel://HOST[:PORT][,...]/MASTER or unix:/PATH, "
                + "without user and password",
            { text in (try? EngineAddress(text)) == nil ? nil : text }, show: { $0 })
        kind.conceal = { _ in "…" }
        return kind
    }()

    /// The prefix of a fleet's keys.
    static let keyPrefix = Self.text(
        "1 to \(Namespace.longestPrefix) letters, digits, -, _ or .",
        { text in (try? Namespace(prefix: text, upstream: 0)) == nil ? nil : text }, show: { $0 })

    /// A name without spaces.
    static let userName = Self.text(
        "a name without spaces", { text in text.isEmpty || text.contains(where: \.isWhitespace) ? nil : text },
        show: { $0 })
}
