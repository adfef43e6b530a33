import Bytes
import HTTPCore
import HTTPParsing
import Serving
import Upstream

/// The fields of upstream's answer on their way to the client.
enum PassedFields {
    /// Appends lines of fields as they came, but for those of upstream's own connection. A length is told once, and only
    /// where it holds.
    static func append(_ fields: ReceivedFields, tellsLength: Bool, _ map: UpstreamMap, to out: inout ByteBuilder) {
        var hops = HopByHop()
        var tellsLength = tellsLength
        for index in 0..<fields.count {
            let name = fields.name(index)
            switch name.count {
            case 10 where name.equalsIgnoringCase("connection"): hops.nominate(fields.value(index))
            case 17 where name.equalsIgnoringCase("transfer-encoding"): tellsLength = false
            default: break
            }
        }
        for index in 0..<fields.count {
            let name = fields.name(index)
            let value = fields.value(index)
            switch name.count {
            case 8 where name.equalsIgnoringCase("location"):
                append(name, map.location(value.copied()).span, to: &out)
            case 14 where name.equalsIgnoringCase("content-length"):
                if tellsLength { append(name, value, to: &out) }
                tellsLength = false
            default:
                if !hops.contains(name) { append(name, value, to: &out) }
            }
        }
    }

    private static func append(_ name: Span<UInt8>, _ value: Span<UInt8>, to out: inout ByteBuilder) {
        out.append(name)
        out.append(": ")
        if FieldSyntax.isValue(value) {
            out.append(value)
        } else {
            out.append(HeadWriter.sanitized(value).span)
        }
        out.append("\r\n")
    }

    /// Whether there is a field of this name, which is in lower case.
    static func has(_ name: StaticString, _ fields: ReceivedFields) -> Bool {
        for index in 0..<fields.count where fields.name(index).equalsIgnoringCase(name) { return true }
        return false
    }
}
