import Bytes

/// One parameter of a query for a list of models: a row of `ParameterTable`.
public final class ParameterDefinition: Sendable {
    /// Who can answer a parameter.
    public enum Answerer: Sendable {
        /// Larder, from the stored list, unless the settings leave the parameter to upstream.
        case catalog
        /// Larder alone: it decides which part of the result is shown. Upstream is never asked for it.
        case larder
        /// Upstream alone. Larder fetches each value once, as a facet, and joins it with the list.
        case upstream
        /// Upstream alone, for the query as a whole: the answer is not a list in the usual form.
        case wholeQuery
    }

    /// How the command line offers a parameter.
    public struct Usage: Sendable {
        /// What its value is called.
        public let valueName: String
        /// One line on what it does.
        public let help: String
    }

    /// What reads a value: it adds to the query, or finds that the value is invalid or for upstream to judge.
    typealias Reading = @Sendable (inout Query, ParameterValue) throws(ValueProblem) -> Void

    /// The name in a query, such as `min_price`.
    public let name: String

    /// Who can answer it.
    public let answerer: Answerer

    /// What its value can be.
    public let kind: ParameterKind

    /// How the command line offers it; nil if it does not.
    public let usage: Usage?

    /// The name, to be compared with bytes.
    let spelling: StaticString

    /// Called with each value that is not empty.
    let read: Reading

    init(
        _ name: StaticString, _ answerer: Answerer, _ kind: ParameterKind, _ valueName: String? = nil,
        _ help: String = "", read: @escaping Reading = { (_, _) throws(ValueProblem) in }
    ) {
        spelling = name
        self.name = "\(name)"
        self.answerer = answerer
        self.kind = kind
        usage = valueName.map { Usage(valueName: $0, help: help) }
        self.read = read
    }

    /// Whether `filters.upstream` can name it.
    public var canBeLeftToUpstream: Bool { answerer == .catalog }

    /// Whether operators may see its value: it is not a text of the caller's own.
    public var hasShownValue: Bool { kind != .text }
}

/// What the value of a parameter can be.
public enum ParameterKind: Equatable, Sendable {
    /// Any text, of the caller's own.
    case text
    /// One name. Not all names are known here.
    case name
    /// Names separated by commas, in any order. Not all names are known here.
    case names
    /// Some of these names, separated by commas, in any order. Upstream judges a list with another name in it.
    case namesAmong([String])
    /// One of these names. Upstream judges another one.
    case oneOf([String])
    /// `true` or `false`.
    case flag
    /// An integer within these bounds.
    case integer(ClosedRange<Int64>)
    /// A decimal number of 0 or more.
    case number
    /// A decimal number from 0 to 1.
    case share

    /// The values that are known; empty if there are too many.
    public var knownValues: [String] {
        switch self {
        case .namesAmong(let names), .oneOf(let names): names
        case .flag: ["true", "false"]
        case .text, .name, .names, .integer, .number, .share: []
        }
    }

    /// Whether values with the same names in another order mean the same.
    var isSet: Bool {
        switch self {
        case .names, .namesAmong: true
        case .text, .name, .oneOf, .flag, .integer, .number, .share: false
        }
    }
}

extension ParameterDefinition {
    /// What the names of Larder's own parameters begin with: upstream adds names without notice.
    static let ownPrefix: StaticString = "larder_"
}

/// Why a value was not added to the query.
enum ValueProblem: Error {
    /// It is invalid.
    case invalid(InvalidParameter)
    /// It is not known here; upstream may know it.
    case unknown
    /// Only upstream knows its meaning.
    case upstream
}

/// The value of a parameter, read as the type that the parameter requires.
struct ParameterValue {
    private let definition: ParameterDefinition

    /// The value, decoded.
    let bytes: [UInt8]

    init(_ definition: ParameterDefinition, _ bytes: [UInt8]) {
        self.definition = definition
        self.bytes = bytes
    }

    /// The value as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The value in lower case.
    var folded: [UInt8] { text.foldedUTF8 }

    /// The entries between the commas, without spaces at their ends; empty entries are left out.
    var list: [[UInt8]] { FormDecoder.list(bytes) }

    /// The same in lower case.
    var foldedList: [[UInt8]] { FormDecoder.list(folded) }

    /// The set of these modalities. Throws if one of them is unknown.
    static func modalities(_ list: [[UInt8]], among names: [StaticString]) throws(ValueProblem) -> ModalitySet {
        var result: ModalitySet = []
        for name in list {
            guard let modality = ModalitySet(name.span, among: names) else { throw .unknown }
            result.formUnion(modality)
        }
        return result
    }

    /// An integer in the range of the parameter, however it is spelled.
    var integer: Int64 {
        get throws(ValueProblem) {
            guard case .integer(let range) = definition.kind else { preconditionFailure("not a parameter of integers") }
            switch WholeNumber(bytes.span) {
            case .number(let number):
                if range.contains(number) { return number }
            case .tooLarge:
                if range.upperBound == .max {
                    throw .invalid(InvalidParameter(definition.name, mustNotExceed: range.upperBound, not: bytes))
                }
            case nil: break
            }
            let bounds =
                range.upperBound == .max
                ? "of \(range.lowerBound) or more" : "from \(range.lowerBound) to \(range.upperBound)"
            throw .invalid(InvalidParameter(definition.name, mustBe: "an integer \(bounds)", not: bytes))
        }
    }

    /// A bound on values that are smaller by 10^`shift`.
    func bound(shift: Int, _ rounding: FixedDecimal.Rounding) throws(ValueProblem) -> FixedDecimal {
        if let bound = FixedDecimal(bound: bytes.span, shift: shift, rounding: rounding) { return bound }
        throw .invalid(InvalidParameter(definition.name, mustBe: "a number of 0 or more", not: bytes))
    }

    /// Throws if the value is not a number from 0 to 1.
    func checkShare() throws(ValueProblem) {
        let one = FixedDecimal(units: 1_000_000_000_000_000_000_000_000)
        guard let share = FixedDecimal(bound: bytes.span, rounding: .up), share <= one else {
            throw .invalid(InvalidParameter(definition.name, mustBe: "a number from 0 to 1", not: bytes))
        }
    }
}
