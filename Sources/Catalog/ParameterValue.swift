/// The value of a parameter, read as what the parameter asks for.
struct ParameterValue {
    private let parameter: LocalParameter
    private let bytes: [UInt8]

    init(_ parameter: LocalParameter, _ bytes: [UInt8]) {
        self.parameter = parameter
        self.bytes = bytes
    }

    /// The value in lower case.
    var folded: [UInt8] { String(decoding: bytes, as: UTF8.self).foldedUTF8 }

    /// The entries between the commas, without spaces at their ends; empty entries are left out.
    var list: [[UInt8]] { Self.entries(bytes) }

    /// The same in lower case.
    var foldedList: [[UInt8]] { Self.entries(folded) }

    static func entries(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: UInt8(ascii: ",")).map { entry in
            let start = entry.firstIndex { $0 != UInt8(ascii: " ") } ?? entry.endIndex
            let end = entry.lastIndex { $0 != UInt8(ascii: " ") }.map { $0 + 1 } ?? start
            return Array(entry[start..<end])
        }.filter { !$0.isEmpty }
    }

    /// The modalities of the list, or nil if one of them is unknown.
    func modalities(among names: [StaticString]) -> ModalitySet? { Self.modalities(list, among: names) }

    static func modalities(_ list: [[UInt8]], among names: [StaticString]) -> ModalitySet? {
        var result: ModalitySet = []
        for name in list {
            guard let modality = ModalitySet(name.span, among: names) else { return nil }
            result.formUnion(modality)
        }
        return result
    }

    /// An integer in the range given, however it is spelled.
    func integer(from least: Int64, to greatest: Int64 = .max) throws(InvalidParameter) -> Int64 {
        switch WholeNumber(bytes.span) {
        case .number(let number):
            if number >= least, number <= greatest { return number }
        case .tooLarge:
            if greatest == .max { throw InvalidParameter(parameter.rawValue, mustNotExceed: greatest, not: bytes) }
        case nil: break
        }
        let range = greatest == .max ? "of \(least) or more" : "from \(least) to \(greatest)"
        throw InvalidParameter(parameter.rawValue, mustBe: "an integer \(range)", not: bytes)
    }

    /// A bound on values that are smaller by 10^`shift`.
    func bound(shift: Int = 0, _ rounding: FixedDecimal.Rounding) throws(InvalidParameter) -> FixedDecimal {
        if let bound = FixedDecimal(bound: bytes.span, shift: shift, rounding: rounding) { return bound }
        throw InvalidParameter(parameter.rawValue, mustBe: "a number of 0 or more", not: bytes)
    }
}
