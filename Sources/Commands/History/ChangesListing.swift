import Bytes
import EventLoop
import Glibc
import HTTPClient
import JSONDocument
public import Settings

/// Shows changes of the catalogue, as `larder changes` does.
public enum ChangesListing {
    /// Writes all changes that a request asks for, page by page.
    public static func once(
        _ request: ChangesRequest, asJSON: Bool, write: ([UInt8]) -> Void
    ) throws(ClientFailure) {
        var cursor: Int64?
        while true {
            let response = try LarderClient.askSuccessfully(request.address, request.path(after: cursor))
            let answer = try ChangesAnswer(response)
            write(text(answer, asJSON: asJSON))
            guard answer.hasMore else { return }
            cursor = answer.next
        }
    }

    /// Writes changes as they happen, until a signal comes. Without `since` it begins with those that are still to come.
    /// `report` gets a line when Larder does not answer any more, and when it does again.
    public static func follow(
        _ request: ChangesRequest, asJSON: Bool, write: @escaping ([UInt8]) -> Void,
        report: @escaping (String) -> Void
    ) throws(ClientFailure) {
        let loop = Loop()
        defer { loop.close() }
        let follower = try ChangesFollower(request, asJSON: asJSON, on: loop, write: write, report: report)
        try follower.start()
        loop.run()
        if let failure = follower.failure { throw failure }
    }

    static func text(_ answer: ChangesAnswer, asJSON: Bool) -> [UInt8] {
        answer.events.flatMap { (asJSON ? $0.json : Array($0.text.utf8)) + [10] }
    }
}

/// Asks again and again for the changes since the last one.
private final class ChangesFollower {
    private let request: ChangesRequest
    private let asJSON: Bool
    private let write: ([UInt8]) -> Void
    private let report: (String) -> Void
    private let client: LarderClient
    private let loop: Loop
    private var timer: LoopTimer?
    private var signals: [SignalWatch] = []
    private var cursor: Int64?
    private var isSilent = false
    private var isEnded = false

    /// Why the first answer could not be had. Later failures are retried.
    private(set) var failure: ClientFailure?

    /// The pause between two requests, in milliseconds.
    private static let pause = 2_000

    init(
        _ request: ChangesRequest, asJSON: Bool, on loop: Loop, write: @escaping ([UInt8]) -> Void,
        report: @escaping (String) -> Void
    ) throws(ClientFailure) {
        self.request = request
        self.asJSON = asJSON
        self.loop = loop
        self.write = write
        self.report = report
        client = try LarderClient(on: loop, request.address)
    }

    func start() throws(ClientFailure) {
        timer = LoopTimer(on: loop) { [unowned self] in ask() }
        do {
            for signal in [SIGINT, SIGTERM, SIGHUP] {
                signals.append(try SignalWatch(on: loop, signal: signal) { [unowned self] in end() })
            }
        } catch {
            end()
            throw ClientFailure("cannot watch signals: \(error)")
        }
        ask()
    }

    private func end() {
        guard !isEnded else { return }
        isEnded = true
        timer?.close()
        for signal in signals { signal.close() }
        client.close()
    }

    private func ask() {
        // Without `since`, the first answer only says where the end is.
        let beginsAtEnd = cursor == nil && !request.parameters.contains { $0.name == "since" }
        client.send(request.path(after: cursor, limit: beginsAtEnd ? 1 : nil)) { [unowned self] answer in
            if isEnded { return }
            take(answer, isShown: !beginsAtEnd)
        }
    }

    private func take(_ answer: LarderClient.Answer, isShown: Bool) {
        do throws(ClientFailure) {
            let response = try answer.get()
            guard response.status == 200 else { throw ClientFailure(response, at: request.address) }
            let page = try ChangesAnswer(response)
            if isSilent { report("\(request.address) answers again") }
            isSilent = false
            cursor = page.next
            if isShown { write(ChangesListing.text(page, asJSON: asJSON)) }
            timer?.start(after: page.hasMore ? 0 : Self.pause)
        } catch {
            guard cursor != nil else {
                failure = error
                return end()
            }
            if !isSilent { report("\(error); trying again") }
            isSilent = true
            timer?.start(after: Self.pause)
        }
    }
}

/// Shows when the prices and the context of a model changed, as `larder history` does.
public enum ModelHistoryListing {
    /// The history of a model as a table, or as it was received.
    public static func run(
        _ address: LarderAddress, model: String, asJSON: Bool, style: TerminalStyle
    ) throws(ClientFailure) -> [UInt8] {
        let response = try LarderClient.askSuccessfully(address, "/_larder/history/" + QueryText.path(model))
        if asJSON { return response.body.span.copied() + [10] }
        return Array((try table(response).lines(style).joined(separator: "\n") + "\n").utf8)
    }

    static func table(_ response: FetchedResponse) throws(ClientFailure) -> TextTable {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: response.body.span)
        } catch {
            throw ClientFailure("the answer is not JSON: \(error)")
        }
        guard let data = document.root["data"], data.kind == .array else {
            throw ClientFailure("the answer is not the history of a model")
        }
        var table = TextTable(columns: [
            TextTable.Column(title: "SINCE", least: 20), TextTable.Column(title: "$/M IN", isRight: true),
            TextTable.Column(title: "$/M OUT", isRight: true), TextTable.Column(title: "CONTEXT", isRight: true),
        ])
        table.rows = data.elements.map { point in
            let at = DisplayText.printable(point["at"]?.string ?? "")
            if point["removed"] != nil {
                return [at, "removed", "", ""].map { TextTable.Cell($0) }
            }
            let pricing = point["pricing"]
            return [
                at, PriceText.shown(PriceText.read(text(pricing?["prompt"]))),
                PriceText.shown(PriceText.read(text(pricing?["completion"]))),
                point["context_length"]?.rawNumber ?? "-",
            ].map { TextTable.Cell($0) }
        }
        return table
    }

    private static func text(_ value: JSONValue?) -> String? { value?.string ?? value?.rawNumber }
}
