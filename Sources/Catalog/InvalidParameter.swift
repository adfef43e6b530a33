import Bytes

/// A parameter with an invalid value, and the message for the caller.
public struct InvalidParameter: Error, Equatable, Sendable {
    /// The parameter's name.
    public let parameter: String

    /// One sentence such as `limit must be an integer from 1 to 1000, not "abc"`. The value in it is cut to a sensible
    /// length and printable.
    public let message: String

    /// A value that is not what the parameter requires: `limit must be EXPECTATION, not "VALUE"`.
    public init(_ parameter: String, mustBe expectation: String, not value: [UInt8]) {
        self.parameter = parameter
        message = "\(parameter) must be \(expectation), not \"\(Self.printable(value))\""
    }

    /// A parameter that does not exist. `known` are the names that do.
    public init(unknown parameter: String, known: [String]) {
        let shown = Self.printable(Array(parameter.utf8))
        self.parameter = shown
        message =
            NearestName.find(shown, among: known).map { "\(shown) is unknown: did you mean \($0)?" }
            ?? "\(shown) is unknown: the known ones are \(known.joined(separator: ", "))"
    }

    init(_ parameter: String, mustNotExceed greatest: Int64, not value: [UInt8]) {
        self.parameter = parameter
        message = "\(parameter) must be at most \(greatest), not \"\(Self.printable(value))\""
    }

    private init(_ parameter: String, message: String) {
        self.parameter = parameter
        self.message = message
    }

    /// `larder_fields` with a query whose answer is upstream's own.
    static let fieldsOfForeignBody = InvalidParameter(
        "larder_fields",
        message:
            "larder_fields cannot be combined with use_rss or client_version: upstream's body is passed on unchanged")

    /// `larder_fields` with a request for something other than a list of models.
    public static let fieldsOfNoList = InvalidParameter(
        "larder_fields", message: "larder_fields works on /models and /models/user only")

    /// A parameter that a view's query cannot have. `reason` completes the sentence.
    static func unsuited(_ parameter: String, _ reason: String) -> InvalidParameter {
        InvalidParameter(parameter, message: "\(parameter) cannot be part of a view: \(reason)")
    }

    /// A value that a parameter does not have. `known` are the values that it has.
    static func unknownValue(_ value: [UInt8], of parameter: String, known: [String]) -> InvalidParameter {
        let shown = Self.printable(value)
        let hint =
            NearestName.find(shown, among: known).map { "did you mean \($0)?" }
            ?? "the known ones are \(known.joined(separator: ", "))"
        return InvalidParameter(parameter, message: "\(parameter) has no value \"\(shown)\": \(hint)")
    }

    /// Upstream alone can answer a parameter, and it knows only the present.
    static func onlyNow(_ reason: ForwardReason) -> InvalidParameter {
        let name = printable(Array(reason.parameter.utf8))
        return InvalidParameter(
            name, message: "\(name) cannot be combined with larder_as_of: only upstream can answer it, and only for now"
        )
    }

    private static let greatestLength = 40

    /// A caller's text as a message may show it: cut, and without characters that are not printed.
    public static func printable(_ value: [UInt8]) -> String {
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

/// One parameter of a query: its name and value, decoded.
public struct QueryParameter: Equatable, Sendable {
    /// The name, valid UTF-8.
    public let name: [UInt8]

    /// The value, valid UTF-8.
    public let value: [UInt8]

    /// Appends `name=value` in the one spelling of canonical queries.
    func appendPair(to result: inout [UInt8]) {
        PercentEncoding.append(name, to: &result)
        result.append(UInt8(ascii: "="))
        PercentEncoding.append(value, to: &result)
    }
}
