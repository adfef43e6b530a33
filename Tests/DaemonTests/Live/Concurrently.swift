import TestSupport

/// Runs `body` on so many threads at once, each with its number, and waits for all; throws the first error of any.
func concurrently(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let ended = Monitor([Result<Void, any Error>]())
    for number in 0..<count {
        startThread {
            let result = Result { try body(number) }
            ended.withValue { $0.append(result) }
        }
    }
    guard let results = ended.wait(.seconds(300), until: { $0.count == count ? $0 : nil }) else {
        throw TimedOut("\(count) threads", after: .seconds(300))
    }
    for result in results { try result.get() }
}
