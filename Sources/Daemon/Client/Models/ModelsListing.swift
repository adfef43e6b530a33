import EventLoop

/// What `larder models` does.
public enum ModelsListing {
    /// How a list is written.
    public enum Form: Sendable {
        /// A table for a person.
        case table
        /// The models as upstream wrote them.
        case json
        /// Comma-separated values.
        case csv
    }

    /// Asks once; the whole output.
    public static func once(
        _ request: ModelsRequest, as form: Form, style: TerminalStyle
    ) throws(ClientFailure) -> [UInt8] {
        let response = try LarderClient.askSuccessfully(request.address, request.path, fields: request.fields)
        let list = try ModelsAnswer(response)
        switch form {
        case .json: return list.json
        case .csv: return Array(list.csv.utf8)
        case .table:
            let page = ModelsPage(list: list, now: Int(Loop.wallSeconds))
            return Array((page.lines(style).joined(separator: "\n") + "\n").utf8)
        }
    }

    /// Asks every so many seconds and writes each list, until SIGINT, SIGTERM or SIGHUP. It fails only if the very first
    /// answer is no list.
    public static func watch(
        _ request: ModelsRequest, every seconds: Double, style: @escaping () -> TerminalStyle,
        write: @escaping (String) -> Void
    ) throws(ClientFailure) {
        let loop = Loop()
        defer { loop.close() }
        let watch = try ModelsWatch(request, every: seconds, on: loop, style: style, write: write)
        try watch.start()
        loop.run()
        if let failure = watch.failure { throw failure }
    }
}
