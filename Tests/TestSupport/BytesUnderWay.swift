import Foundation
import Glibc

/// How many bytes were sent on a connection that the peer's system has not acknowledged. It has all others.
public func unacknowledgedBytes(on descriptor: Int32) -> Int {
    var count: Int32 = 0
    return unsafe ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
}

/// How many bytes have come from a port of 127.0.0.1 and were not read yet, on all connections to it: the kernel has
/// them in the sockets of those who have connected.
public func unreadBytes(fromPort port: UInt16) -> Int { unreadBytes(inColumn: 2, of: port) }

/// How many bytes have come to a port of 127.0.0.1 and were not read yet by the one who listens there.
public func unreadBytes(toPort port: UInt16) -> Int { unreadBytes(inColumn: 1, of: port) }

/// Asks the kernel's table, which has the own address in column 1 and the peer's in column 2.
private func unreadBytes(inColumn column: Int, of port: UInt16) -> Int {
    let table = wholeText(ofFile: "/proc/net/tcp")
    let address = "0100007F:" + String(format: "%04X", Int(port))
    var sum = 0
    for line in table.split(separator: "\n").dropFirst() {
        let fields = line.split(separator: " ")
        // Established, or ended by the peer. For a socket that listens, the number means something else.
        guard fields.count > 4, fields[column] == address, fields[3] == "01" || fields[3] == "08" else { continue }
        sum += fields[4].split(separator: ":").last.flatMap { Int($0, radix: 16) } ?? 0
    }
    return sum
}

/// A file of the kernel's as text. It has no size beforehand and comes in pieces of a page, of which Foundation's
/// `String(contentsOfFile:)` may take the first for the whole.
func wholeText(ofFile path: String) -> String {
    guard let file = FileHandle(forReadingAtPath: path) else { return "" }
    defer { try? file.close() }
    var bytes = Data()
    while let piece = try? file.read(upToCount: 64 << 10), !piece.isEmpty { bytes += piece }
    return String(decoding: bytes, as: UTF8.self)
}
