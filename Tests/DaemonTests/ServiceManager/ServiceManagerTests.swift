import Logging
import TestSupport
import Testing

@testable import Daemon

@Suite(.timeLimit(.minutes(300))) struct ServiceManagerTests {
    private func manager(_ environment: [String: String]) -> ServiceManager {
        ServiceManager(
            environment: environment, processID: 42, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func `after it has named another process it says nothing`() throws {
        let receiver = try NotifyReceiver()
        var manager = manager(["NOTIFY_SOCKET": receiver.name])
        manager.notifyAlive()
        manager.notifyMain(43)
        manager.notifyStopping("Finishing")
        manager.notifyAlive()
        try receiver.waitFor("MAINPID=43")
        #expect(receiver.messages == ["WATCHDOG=1", "MAINPID=43"])
    }

    @Test func `each event is one message`() throws {
        let receiver = try NotifyReceiver()
        let manager = manager(["NOTIFY_SOCKET": receiver.name])
        manager.notifyReady("Serving\nREADY=0")
        manager.notifyStatus("There is no catalogue")
        manager.notifyReloading()
        manager.notifyAlive()
        manager.notifyStopping("Finishing")
        try receiver.waitFor("STOPPING=1")
        var messages = receiver.messages
        let reload = messages.remove(at: 2)
        // A line break in a status would begin a message of its own.
        let expected = [
            "READY=1\nSTATUS=Serving READY=0", "STATUS=There is no catalogue", "WATCHDOG=1",
            "STOPPING=1\nSTATUS=Finishing",
        ]
        #expect(messages == expected)
        #expect(reload.hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        #expect(UInt64(reload.split(separator: "=").last ?? "") ?? 0 > 0)
    }

    @Test(
        arguments: [
            (["WATCHDOG_USEC": "30000000"], 30_000), (["WATCHDOG_USEC": "1"], 1),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "42"], 30_000),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "43"], nil), (["WATCHDOG_USEC": "0"], nil),
            (["WATCHDOG_USEC": "soon"], nil), ([:], nil),
        ] as [([String: String], Int?)])
    func `the watchdog is that of this process`(variables: [String: String], milliseconds: Int?) {
        #expect(manager(variables.merging(["NOTIFY_SOCKET": "/nowhere"]) { $1 }).watchdog == milliseconds)
        // Without a socket there is nobody to tell.
        #expect(manager(variables).watchdog == nil)
    }

    @Test(arguments: ["", "nonsense", "/no/such/socket"])
    func `a manager that cannot be told anything does no harm`(name: String) {
        manager(["NOTIFY_SOCKET": name]).notifyReady("Serving")
    }
}
