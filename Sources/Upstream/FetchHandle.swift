/// A fetch that can be given up.
public final class FetchHandle {
    /// Let go when the fetch ends.
    private var client: UpstreamClient?
    private var done: ((Result<FetchedResponse, FetchFailure>) -> Void)?

    init(_ client: UpstreamClient, _ done: @escaping (Result<FetchedResponse, FetchFailure>) -> Void) {
        self.client = client
        self.done = done
    }

    /// Whether `done` has been called, or is being called.
    public var isFinished: Bool { done == nil }

    /// Gives the fetch up: its `done` is called with `.cancelled` before this returns. On a fetch that has ended it
    /// does nothing.
    public func cancel() { client?.cancel(self) }

    /// Has its transfer go on when others have had a turn.
    func giveWay(_ transfer: Transfer) { client?.goOnLater(transfer) }

    /// Tells the result, the first time only.
    func finish(_ result: Result<FetchedResponse, FetchFailure>) {
        guard let done else { return }
        self.done = nil
        client = nil
        done(result)
    }
}
