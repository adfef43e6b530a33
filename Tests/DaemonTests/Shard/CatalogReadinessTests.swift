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

    @Test func `what the owner of the catalogue has found out holds`() {
        let ward = Ward()
        ward.heard(.noCatalog)
        #expect(ward.readiness == .noCatalog)
        ward.heard(.ready)
        #expect(ward.readiness == .ready)
    }
}
