import EventLoop
import Foundation
import Glibc
import Testing

@Suite("What the process uses", .timeLimit(.minutes(300)))
struct ProcessUsageTests {
    @Test("It is what the kernel's own files say")
    func agrees() throws {
        let usage = ProcessUsage()
        let statm = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = try #require(statm.split(separator: " ").dropFirst().first.flatMap { Double(String($0)) })
        let resident = pages * Double(sysconf(Int32(_SC_PAGESIZE)))
        // Other tests run meanwhile, so it is near, not the same.
        let ratio = Double(try #require(usage.residentBytes)) / resident
        #expect(ratio > 0.5 && ratio < 2)
        #expect(ProcessUsage.pid == Int(ProcessInfo.processInfo.processIdentifier))
    }

    @Test("Time that was used is time more")
    func time() throws {
        let before = try #require(ProcessUsage().cpuNanoseconds)
        var mixed: UInt64 = 1
        while try #require(ProcessUsage().cpuNanoseconds) < before + 20_000_000 { mixed = mixed &* 31 &+ 7 }
        #expect(mixed != 0 && before > 0)
    }

    @Test("Descriptors that are opened count, to within what other tests open and close")
    func descriptors() throws {
        let before = try #require(ProcessUsage().openDescriptors)
        let more = (0..<200).map { _ in dup(2) }
        let after = try #require(ProcessUsage().openDescriptors)
        for descriptor in more { close(descriptor) }
        #expect(more.allSatisfy { $0 >= 0 })
        #expect(after > before + 100)
    }
}
