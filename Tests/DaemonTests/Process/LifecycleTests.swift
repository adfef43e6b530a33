import Settings
import Testing

@testable import Daemon

/// Event by event: where a process stands.
@Suite struct LifecycleTests {
    private final class Ward {
        private var lifecycle: Lifecycle
        init(warmsUp: Bool = true) { lifecycle = Lifecycle(warmsUp: warmsUp) }

        var exitCode: Int32 { lifecycle.exitCode }
        var isEnding: Bool { lifecycle.isEnding }
        func report(_ readiness: Readiness) -> Bool { lifecycle.report(readiness) }
        func endStart(allServe: Bool = true) -> Bool { lifecycle.endStart(allServe: allServe) }
        func end(hasDelay: Bool = false) -> Lifecycle.Step { lifecycle.end(hasDelay: hasDelay) }
        func retire() { lifecycle.retire() }
        func timePassed() -> Lifecycle.Step { lifecycle.timePassed() }
        func fail() { lifecycle.fail() }
        func status(isReloadRefused: Bool = false) -> String {
            lifecycle.status(addresses: "here", isReloadRefused: isReloadRefused)
        }
    }

    @Test func `the start ends once, when all loops serve and the catalogue is there`() {
        let ward = Ward()
        #expect(!ward.endStart())
        #expect(ward.report(.ready))
        #expect(!ward.endStart(allServe: false))
        #expect(ward.endStart())
        #expect(!ward.endStart())
        #expect(Ward(warmsUp: false).endStart())
    }

    @Test func `only news is reported, and nothing while the process ends`() {
        let ward = Ward()
        #expect(!ward.report(.warmingUp))
        #expect(ward.report(.noCatalog) && !ward.report(.noCatalog))
        #expect(ward.end() == .drain)
        #expect(!ward.report(.ready))
        #expect(ward.status() == "Finishing requests in flight")
        #expect(ward.end() == .stop && ward.isEnding && ward.exitCode == 0)
    }

    @Test func `a delay comes before the drain, and its end begins the drain`() {
        let ward = Ward()
        #expect(ward.end(hasDelay: true) == .leave)
        #expect(ward.isEnding && !ward.report(.ready))
        #expect(ward.status() == "Serving on here; about to stop")
        #expect(ward.timePassed() == .drain)
        #expect(ward.status() == "Finishing requests in flight")
        #expect(ward.timePassed() == .stop)
    }

    @Test func `a process that was replaced ends with its connections, and drains when it is asked to end`() {
        let ward = Ward()
        ward.retire()
        #expect(ward.isEnding && ward.timePassed() == .stop)
        #expect(ward.end(hasDelay: true) == .drain)
        ward.retire()
        #expect(ward.end() == .stop && ward.exitCode == 0)
    }

    @Test func `a second request to end ends the delay, and a third one the drain`() {
        let ward = Ward()
        #expect(ward.end(hasDelay: true) == .leave)
        #expect(ward.end(hasDelay: true) == .drain)
        #expect(ward.end(hasDelay: true) == .stop)
    }

    @Test func `a loop that fails ends the process with an error`() {
        let ward = Ward()
        ward.fail()
        #expect(ward.exitCode == 1 && ward.isEnding)
        #expect(ward.end(hasDelay: true) == .stop)
    }

    @Test func `the status says what is wrong`() {
        let ward = Ward()
        #expect(ward.status() == "Serving on here; fetching the catalogue")
        _ = ward.report(.noCatalog)
        #expect(ward.status() == "Serving on here; no catalogue: the last fetch failed")
        _ = ward.report(.ready)
        #expect(ward.status() == "Serving on here")
        #expect(
            ward.status(isReloadRefused: true)
                == "Serving on here; new settings are invalid, keeping the old ones")
    }
}

/// Event by event: the reading of settings while the process serves.
@Suite struct ReloadingTests {
    @Test func `settings that cannot be read again are not`() {
        var reloading = Reloading(nil)
        let read = reloading.begin(allServe: true)
        #expect(read == nil && !reloading.isPossible && !reloading.isWanted)
    }

    @Test func `a reading before all loops serve is put off until they do`() throws {
        var reloading = Reloading { Settings() }
        let early = reloading.begin(allServe: false)
        #expect(early == nil && reloading.isWanted && reloading.isPossible)
        let late = reloading.begin(allServe: true)
        #expect(late != nil && !reloading.isWanted)
        reloading.end(isRefused: true)
        #expect(reloading.isRefused)
        reloading.end(isRefused: false)
        #expect(!reloading.isRefused)
    }

    @Test func `what needs a restart stays, and the rest is taken`() {
        let before = Settings()
        var read = before
        read.workers += 1
        read.ttl.catalog = .seconds(7)
        let (new, changed) = Reloading.merge(read, into: before)
        #expect(new.workers == before.workers && new.ttl.catalog == .seconds(7))
        #expect(changed.map(\.name).sorted() == ["ttl.catalog", "workers"])
    }
}
