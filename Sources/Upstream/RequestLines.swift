import Bytes
internal import CCurl
import Glibc

/// The lines of a request's head, in curl's form: "Name: value", "Name;" for no value, "Name:" to keep curl's own out.
///
/// They are one run of bytes, and become a list in one allocation; curl's own way takes two for each line.
@safe struct RequestLines: ~Copyable {
    private var bytes = ByteBuilder(capacity: 1024)
    private var count = 0

    /// Adds a line as it stands; no byte of it is zero.
    mutating func add(_ line: StaticString) {
        bytes.append(line)
        end()
    }

    /// Adds a field. Its value need not be UTF-8; no byte is zero.
    mutating func add(_ name: String, _ value: Span<UInt8>) {
        bytes.append(utf8: name)
        var isBlank = true
        for index in 0..<value.count where value[index] != 0x20 && value[index] != 0x09 {
            isBlank = false
            break
        }
        if isBlank {
            bytes.append(";")
        } else {
            bytes.append(": ")
            bytes.append(value)
        }
        end()
    }

    private mutating func end() {
        bytes.append(0)
        count += 1
    }

    /// curl's list and the bytes that it points to, in one block for the caller to deallocate; nil if there are none.
    consuming func list() -> UnsafeMutableRawPointer? {
        if count == 0 { return nil }
        let size = unsafe count * MemoryLayout<curl_slist>.stride
        let block = unsafe UnsafeMutableRawPointer.allocate(
            byteCount: size + bytes.count, alignment: MemoryLayout<curl_slist>.alignment)
        let text = bytes.span
        unsafe text.withUnsafeBytes { unsafe (block + size).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        let nodes = unsafe block.bindMemory(to: curl_slist.self, capacity: count)
        let start = unsafe (block + size).bindMemory(to: CChar.self, capacity: text.count)
        var place = 0
        for index in 0..<count {
            unsafe nodes[index] = unsafe curl_slist(
                data: start + place, next: index + 1 < count ? nodes + index + 1 : nil)
            place += unsafe strlen(start + place) + 1
        }
        return unsafe block
    }
}
