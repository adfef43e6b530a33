/// A parameter whose value makes no sense, and what to tell the caller.
public struct InvalidParameter: Error, Equatable, Sendable {
    /// The parameter's name.
    public let parameter: String

    /// One sentence such as `limit must be an integer from 1 to 1000, not "abc"`. The value in it is cut to a sensible
    /// length and printable.
    public let message: String

    init(_ parameter: String, mustBe expectation: String, not value: [UInt8]) {
        self.parameter = parameter
        message = "\(parameter) must be \(expectation), not \"\(Self.printable(value))\""
    }

    init(_ parameter: String, mustNotExceed greatest: Int64, not value: [UInt8]) {
        self.parameter = parameter
        message = "\(parameter) is too large: the largest is \(greatest), not \"\(Self.printable(value))\""
    }

    private static let greatestLength = 40

    private static func printable(_ value: [UInt8]) -> String {
        let scalars = String(decoding: value, as: UTF8.self).unicodeScalars
        var result = String.UnicodeScalarView()
        for scalar in scalars.prefix(greatestLength) { result.append(isPrintable(scalar) ? scalar : "?") }
        return String(result) + (scalars.dropFirst(greatestLength).isEmpty ? "" : "...")
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
        default: true
        }
    }
}
