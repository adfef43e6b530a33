import Digest
import EventLoop
import Persistence
import Serving
import Settings
import Testing
import Threads

@testable import Daemon

/// How a loop begins.
@Suite(.timeLimit(.minutes(300))) struct ShardBeginTests {
    /// A loop that does not have the others' mailboxes yet could not answer.
    @Test func `a loop sends the others nothing before the message to warm up, when all have begun`() throws {
        let settings = Settings()
        let shardSettings = ShardSettings(settings, isDemo: true, addresses: [], fingerprinter: .random())
        let writer = try LogWriter(.json)
        defer { writer.close() }
        var quiet = settings.log
        quiet.level = .critical
        let telemetry = SharedTelemetry(
            settings, isDemo: true, addresses: [], adminAddresses: [], writer: writer,
            log: .larder(quiet, .json, writer), notes: ProcessNotes(LoadedSettings(settings)))
        // The loop that owns the catalogue, of two.
        let index = Int(Resource.catalog.shardHash % 2)

        let loop = Loop()
        var own: Mailbox<ShardMessage>?
        var other: Mailbox<ShardMessage>?
        var supervisor: Mailbox<SupervisorMessage>?
        var (turns, early, late) = (2_000, 0, 0)
        var hasWarmedUp = false
        other = Mailbox(on: loop) { message in
            if hasWarmedUp { late += 1 } else { early += 1 }
            if case .readiness(.ready) = message { own?.send(.stop) }
        }
        supervisor = Mailbox(on: loop) { message in
            switch message {
            case .up(_, let mailbox):
                own = mailbox
                guard let other else { return }
                mailbox.send(.begin(index == 0 ? [mailbox, other] : [other, mailbox], .nothing))
                mailbox.send(.ping)
            case .pong:
                turns -= 1
                hasWarmedUp = turns == 0
                own?.send(hasWarmedUp ? .warmUp : .ping)
            case .ended, .failed:
                other?.close()
                supervisor?.close()
            default: break
            }
        }
        let reports = try #require(supervisor)
        let thread = try NamedThread.start(name: "larder-test") {
            do {
                try Shard(
                    index: index, settings: shardSettings, sockets: [], supervisor: reports, store: nil, fleet: nil,
                    telemetry: telemetry
                ).run()
                reports.send(.ended(index))
            } catch {
                reports.send(.failed(index, "\(error)"))
            }
        }
        loop.run()
        thread.join()
        loop.close()
        #expect(early == 0 && late > 0)
    }
}
