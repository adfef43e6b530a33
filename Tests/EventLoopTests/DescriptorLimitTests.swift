import EventLoop
import Foundation
import Testing

@Suite("The limit of descriptors", .timeLimit(.minutes(300)))
struct DescriptorLimitTests {
    @Test("It is raised as far as the system lets it, and never lowered")
    func raised() throws {
        let now = raiseDescriptorLimit(to: 0)
        #expect(now > 0)
        #expect(raiseDescriptorLimit(to: now) == now)
        let most = raiseDescriptorLimit(to: .max)
        #expect(most >= now)
        #expect(raiseDescriptorLimit(to: 1) == most)
        let line = try #require(
            String(contentsOfFile: "/proc/self/limits", encoding: .utf8).split(separator: "\n")
                .first { $0.hasPrefix("Max open files") })
        #expect(line.split(separator: " ").contains("\(most)"))
    }
}
