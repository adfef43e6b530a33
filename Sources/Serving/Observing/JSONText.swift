import Bytes

/// JSON, written member by member into one run of bytes.
struct JSONText: ~Copyable {
    private(set) var out = ByteBuilder(capacity: 16 << 10)
    private var needsComma = false

    consuming func finish() -> SharedBytes { out.finish() }

    /// Opens an object or, with `[`, an array, as the value of a member or as an element.
    mutating func open(_ name: StaticString? = nil, _ bracket: StaticString = "{") {
        key(name)
        out.append(bracket)
        needsComma = false
    }

    mutating func close(_ bracket: StaticString = "}") {
        out.append(bracket)
        needsComma = true
    }

    mutating func member(_ name: StaticString?, _ number: Int?) {
        key(name)
        if let number { out.append(decimal: number) } else { out.append("null") }
    }

    mutating func member(_ name: StaticString?, _ number: UInt64) { member(name, Int(clamping: number)) }

    mutating func member(_ name: StaticString?, _ text: String?) {
        key(name)
        guard let text else { return out.append("null") }
        out.append("\"")
        out.append(jsonEscaped: Array(text.utf8).span)
        out.append("\"")
    }

    mutating func member(_ name: StaticString?, flag: Bool) {
        key(name)
        out.append(flag ? "true" : "false")
    }

    /// A ratio to four places; null for none.
    mutating func member(_ name: StaticString?, ratio: Double?) {
        key(name)
        guard let ratio else { return out.append("null") }
        out.append(utf8: "\((ratio * 10_000).rounded() / 10_000)")
    }

    private mutating func key(_ name: StaticString?) {
        if needsComma { out.append(",") }
        needsComma = true
        guard let name else { return }
        out.append("\"")
        out.append(name)
        out.append("\":")
    }
}
