import Bytes
import Glibc
import Store
import TestSupport

/// One run of the tool: the open store, and the events so far.
final class Session {
    private let path: String
    private let events = Monitor<[String]>([])
    private var store: Store?

    init(_ path: String) { self.path = path }

    func perform(_ command: String) {
        let parts = command.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let value = parts.count > 1 ? parts[1] : ""
        switch parts[0] {
        case "open": open()
        case "put": put(value.split(separator: ":").map(String.init))
        case "remove": started.remove(RecordKey(resource: value))
        case "remove-owner": started.removeAll(owner: owner(value))
        case "remove-all": started.removeEverything()
        case "read": read(value)
        case "check": check()
        case "flood": flood()
        case "await": waitForEvent(value)
        case "run": run(value)
        case "limit": limit(Int(value) ?? 0)
        case "unlimit": limit(nil)
        case "close": close()
        default: fail("unknown command \(command)")
        }
    }

    private var opened: Store {
        guard let store else { fail("no store is open") }
        return store
    }

    private func open() {
        var settings = StoreSettings()
        settings.retryPause = .milliseconds(50)
        do {
            let directory = try StateDirectory(opening: path) { [events] event in
                say("event: \(event)")
                events.withValue { $0.append("\(event)") }
            }
            store = try Store(in: directory, settings: settings)
            say("opened")
        } catch {
            fail("\(error)")
        }
    }

    /// The thread starts with the first command that needs it, so that `check` can go before.
    private var isStarted = false
    private var started: Store {
        if !isStarted { opened.start() }
        isStarted = true
        return opened
    }

    private func put(_ parts: [String]) {
        started.put(sample(parts[0], size: Int(parts[1]) ?? 0, owner: owner(parts.count > 2 ? parts[2] : "0")))
    }

    private func read(_ name: String) {
        let answer = Monitor<StoredRecord??>(nil)
        started.read(RecordKey(resource: name)) { record in answer.withValue { $0 = .some(record) } }
        guard let record = answer.wait(.seconds(120), until: { $0 }) else { fail("no answer") }
        say("read \(name): \(record.map { isWhole($0) ? "whole" : "broken" } ?? "none")")
    }

    private func check() {
        let kept = opened.list()
        let broken = kept.filter { kept in
            guard let record = opened.read(kept.key) else { return true }
            return !isWhole(record)
        }
        say("kept \(kept.count), broken \(broken.count): \(kept.map(\.key.resource).sorted().joined(separator: " "))")
    }

    private func flood() {
        for number in 0... {
            started.put(sample("flood-\(number % 40)", size: 5_000 + number % 7 * 3_000, owner: owner("\(number % 3)")))
            if number % 11 == 0 { started.remove(RecordKey(resource: "flood-\(number % 40)")) }
            say("flood \(number)")
            usleep(300)
        }
    }

    private func waitForEvent(_ text: String) {
        let found = events.wait(.seconds(120)) { events -> Bool? in
            guard let index = events.firstIndex(where: { $0.contains(text) }) else { return nil }
            events.removeFirst(index + 1)
            return true
        }
        if found == nil { fail("no event with “\(text)”") }
    }

    private func run(_ command: String) {
        let ending = try? ChildProcess.run("/bin/sh", ["-c", command])
        if ending?.ending != .exited(0) { fail("\(command): \(ending?.error ?? "")") }
    }

    private func limit(_ bytes: Int?) {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        limit.rlim_cur = bytes.map { rlim_t($0) } ?? limit.rlim_max
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    }

    private func close() {
        say("closed: \(opened.close(deadline: .seconds(120)))")
        store = nil
        isStarted = false
    }

    private func owner(_ number: String) -> [UInt8] { number == "0" ? [] : [UInt8(number) ?? 255] }
}

/// A record that can be told from a broken one: its fields are a checksum of the body, which depends on the name.
private func sample(_ name: String, size: Int, owner: [UInt8]) -> StoredRecord {
    var random = SeededGenerator(seed: UInt64(size) + UInt64(name.utf8.count))
    let body = SharedBytes((0..<size).map { _ in UInt8.random(in: 0...255, using: &random) })
    return StoredRecord(
        key: RecordKey(resource: name, owner: owner), fields: checksum(body), digest: digest(body), body: body,
        expires: 1, stored: 1)
}

private func isWhole(_ record: StoredRecord) -> Bool {
    let expected = checksum(record.body)
    let expectedFields = expected.span
    return record.digest == digest(record.body) && record.fields.span.copied() == expectedFields.copied()
}

private func checksum(_ body: SharedBytes) -> SharedBytes { SharedBytes(utf8: "\(body.span.hash64(seed: 99))") }

private func digest(_ body: SharedBytes) -> [UInt8] {
    let span = body.span
    let low = span.hash64(seed: 1)
    let high = span.hash64(seed: 2)
    return (0..<32).map { UInt8(truncatingIfNeeded: ($0 < 16 ? low : high) >> UInt64($0 % 8 * 8)) }
}

/// Prints a line at once: the process may be killed at any moment.
func say(_ text: String) {
    let line = Array((text + "\n").utf8)
    unsafe line.withUnsafeBytes { unsafe _ = write(1, $0.baseAddress, $0.count) }
}

func fail(_ text: String) -> Never {
    say("failed: \(text)")
    exit(1)
}
