import Bytes
package import Catalog
package import JSONDocument

/// What the command line shows of one model.
package struct ModelRow: Equatable {
    package let id: String
    package let name: String
    /// Seconds since 1970.
    package let created: Int?
    package let context: Int?
    package let prompt: PriceText.Price
    package let completion: PriceText.Price
    package let inputs: [String]
    package let outputs: [String]

    /// Reads a model; what is missing, null or of another type than it should be has no value.
    package init(_ model: JSONValue) {
        id = model["id"]?.string ?? ""
        name = model["name"]?.string ?? ""
        created = Self.whole(model["created"])
        context = Self.whole(model["context_length"])
        let pricing = model["pricing"]
        prompt = PriceText.read(Self.number(pricing?["prompt"]))
        completion = PriceText.read(Self.number(pricing?["completion"]))
        let architecture = model["architecture"]
        inputs = Self.texts(architecture?["input_modalities"])
        outputs = Self.texts(architecture?["output_modalities"])
    }

    /// The model's page at upstream's site.
    package var link: String { "https://openrouter.ai/" + QueryText.path(id) }

    private static func number(_ value: JSONValue?) -> String? { value?.string ?? value?.rawNumber }

    private static func whole(_ value: JSONValue?) -> Int? {
        guard let text = value?.rawNumber else { return nil }
        let bytes = Array(text.utf8)
        return Int128(wholePartOf: bytes.span).flatMap { Int(exactly: $0) }
    }

    private static func texts(_ value: JSONValue?) -> [String] {
        guard let elements = value?.elements else { return [] }
        return elements.compactMap(\.string)
    }
}

/// A price in dollars per million tokens, written exactly.
package enum PriceText {
    /// A price per token, as upstream writes it.
    package enum Price: Equatable {
        /// No price is given.
        case absent
        /// A negative price means a router, which has the price of the model that it chooses.
        case varies
        /// Dollars per token.
        case known(FixedDecimal)
        /// A number that cannot be shown exactly.
        case unreadable
    }

    package static func read(_ text: String?) -> Price {
        guard let text else { return .absent }
        let bytes = Array(text.utf8)
        guard let value = FixedDecimal(parsing: bytes.span) else { return .unreadable }
        return value.units < 0 ? .varies : .known(value)
    }

    /// With two places at least, and as many more as it takes.
    package static func shown(_ price: Price) -> String {
        switch price {
        case .absent: "-"
        case .varies: "varies"
        case .unreadable: "?"
        case .known(let value): decimal(value, least: 2)
        }
    }

    /// For a program to read: without trailing zeros, and empty if there is no price.
    package static func plain(_ price: Price) -> String {
        if case .known(let value) = price { decimal(value, least: 0) } else { "" }
    }

    private static func decimal(_ value: FixedDecimal, least: Int) -> String {
        let places = FixedDecimal.places - 6
        let one = (0..<places).reduce(Int128(1)) { power, _ in power * 10 }
        let (whole, rest) = value.units.quotientAndRemainder(dividingBy: one)
        let written = String(rest)
        var fraction = String(repeating: "0", count: places - written.count) + written
        while fraction.count > least, fraction.hasSuffix("0") { fraction.removeLast() }
        return fraction.isEmpty ? "\(whole)" : "\(whole).\(fraction)"
    }
}

/// Where the elements of `data` are in a body, so that they can be passed on byte for byte.
///
/// The body is known to be JSON: only its outline is read here.
package struct RowSlices {
    /// The elements in their order, without the white space around them.
    private(set) var ranges: [Range<Int>] = []

    /// Of several members named `data` the last one counts, as everywhere else.
    package init(_ body: Span<UInt8>) {
        let whole = JSONScanner.value(of: body)
        guard let data = JSONScanner.member("data", of: body, in: whole) else { return }
        ranges = JSONScanner.elements(body, in: data)
    }
}
