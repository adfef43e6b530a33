import Glibc

/// What a service manager is to a program that it started: a unix datagram socket that collects what it is told.
public final class NotifyReceiver: Sendable {
    /// The name for `NOTIFY_SOCKET`: a path, or `@` and an abstract name.
    public let name: String
    private let descriptor: Int32
    private let state = Monitor<[String]>([])

    /// Listens, at a path under /tmp or without a file, and reads on a thread of its own.
    public init(isAbstract: Bool = false) throws {
        let name =
            (isAbstract ? "@larder-test-" : "/tmp/larder-test-") + "\(getpid())-\(UInt64.random(in: .min ... .max))"
        self.name = name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketError("socket") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            unsafe room.copyBytes(from: name.utf8)
            if isAbstract { unsafe room[0] = 0 }
        }
        let size = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \sockaddr_un.sun_path)! + name.utf8.count)
        let descriptor = descriptor
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, size) }
        }
        guard result == 0 else {
            _ = Glibc.close(descriptor)
            throw SocketError("bind \(name)")
        }
        let state = state
        startThread {
            // Reading ends with an empty message once `deinit` has shut the socket down.
            while let message = receive(descriptor), !message.isEmpty { state.withValue { $0.append(message) } }
            _ = Glibc.close(descriptor)
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RD))
        if name.hasPrefix("/") { unsafe unlink(name) }
    }

    /// Every message so far, in order.
    public var messages: [String] { state.current }

    /// Waits until `count` messages that contain `text` have come.
    public func waitFor(_ text: String, count: Int = 1, timeout: Duration = .hang) throws {
        let isThere = state.wait(timeout) { messages -> Bool? in
            messages.count { $0.contains(text) } >= count ? true : nil
        }
        if isThere == nil { throw TimedOut("\(count) of “\(text)” among \(messages)", after: timeout) }
    }
}

/// The next message; nil if there will be none.
private func receive(_ descriptor: Int32) -> String? {
    var room = [UInt8](repeating: 0, count: 4096)
    while true {
        let size = unsafe room.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        if size >= 0 { return String(decoding: room.prefix(size), as: UTF8.self) }
        if errno != EINTR { return nil }
    }
}
