import HTTPCore
import Testing

@testable import Daemon

/// Event by event: what `/readyz` answers.
@Suite struct CatalogReadinessTests {
    private final class Ward {
        private var catalog: CatalogReadiness
        init(warmsUp: Bool = true) { catalog = CatalogReadiness(warmsUp: warmsUp) }

        var readiness: Readiness { catalog.readiness }
        func restored() { catalog.restored() }
        func responded(_ status: Status, isStored: Bool = true) -> Readiness {
            catalog.responded(status, isStored: isStored)
        }
        func failed() -> Readiness? { catalog.failed() }
        func purged() { catalog.purged() }
        func heard(_ readiness: Readiness) { catalog.heard(readiness) }
        func beganWarmUp(at now: UInt64) { catalog.beganWarmUp(at: now) }
        func wantsRetry(at now: UInt64) -> Bool { catalog.wantsRetry(at: now) }
    }

    @Test func `with a warm-up it is ready once the catalogue is there, without one at once`() {
        let ward = Ward()
        #expect(ward.readiness == .warmingUp)
        #expect(ward.responded(.ok) == .ready && ward.readiness == .ready)
        #expect(Ward(warmsUp: false).readiness == .ready)
    }

    @Test func `a catalogue of an earlier process is one`() {
        let ward = Ward()
        ward.restored()
        #expect(ward.readiness == .ready)
        #expect(ward.failed() == nil && ward.readiness == .ready)
    }

    @Test func `a failure matters only while there is no catalogue`() {
        let ward = Ward()
        #expect(ward.failed() == .noCatalog && ward.readiness == .noCatalog)
        #expect(ward.responded(.ok) == .ready)
        #expect(ward.failed() == nil && ward.readiness == .ready)
        ward.purged()
        #expect(ward.readiness == .ready)
        #expect(ward.failed() == .noCatalog)
    }

    @Test func `the refusal of one key says nothing of the catalogue, another error does`() {
        let ward = Ward()
        #expect(ward.responded(.unauthorized) == .ready)
        #expect(ward.responded(.forbidden) == .ready)
        #expect(ward.responded(.notFound) == .noCatalog)
        #expect(ward.responded(.ok) == .ready)
        #expect(ward.responded(.notFound) == .ready)
    }

    @Test func `a catalogue that is not stored is none that a later failure leaves`() {
        let ward = Ward()
        #expect(ward.responded(.ok, isStored: false) == .ready)
        #expect(ward.failed() == .noCatalog)
    }

    @Test func `a warm-up that brought no catalogue is wanted again after a while, and no longer than that lasts`() {
        let period = CatalogReadiness.warmUpPeriod
        let ward = Ward()
        #expect(!ward.wantsRetry(at: 1_000_000), "the first one is not for it to begin")
        ward.beganWarmUp(at: 100)
        #expect(!ward.wantsRetry(at: 100 + period - 1))
        // Its end may never be heard of: a back-off refuses it.
        #expect(ward.wantsRetry(at: 100 + period))
        _ = ward.failed()
        #expect(!ward.wantsRetry(at: 100 + period - 1) && ward.wantsRetry(at: 100 + period))
        ward.beganWarmUp(at: 100 + period)
        #expect(!ward.wantsRetry(at: 100 + period) && ward.wantsRetry(at: 100 + 2 * period))
        _ = ward.responded(.ok)
        #expect(!ward.wantsRetry(at: 1_000_000))
        ward.purged()
        #expect(!ward.wantsRetry(at: 1_000_000))
        _ = ward.failed()
        #expect(ward.wantsRetry(at: 1_000_000), "it is not ready")
    }

    @Test func `a refusal of the key is no reason to ask again, and without a warm-up there is none at all`() {
        let refused = Ward()
        refused.beganWarmUp(at: 0)
        _ = refused.responded(.unauthorized)
        #expect(!refused.wantsRetry(at: 1_000_000))
        let cold = Ward(warmsUp: false)
        _ = cold.failed()
        #expect(!cold.wantsRetry(at: 1_000_000))
    }

    @Test func `what the owner of the catalogue has found out holds`() {
        let ward = Ward()
        ward.heard(.noCatalog)
        #expect(ward.readiness == .noCatalog)
        ward.heard(.ready)
        #expect(ward.readiness == .ready)
    }
}
