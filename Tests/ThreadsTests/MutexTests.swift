import Testing
import Threads

@Suite struct MutexTests {
    @Test func `of many threads one at a time uses the value`() async {
        let numbers = Mutex([Int]())
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<8 {
                group.addTask {
                    for step in 0..<1000 { numbers.withLock { $0.append(thread * 1000 + step) } }
                }
            }
        }
        let all = numbers.withLock { $0 }
        #expect(all.count == 8000)
        #expect(all.sorted() == Array(0..<8000))
    }
}
