import Catalog

/// A price in dollars per million tokens, written exactly.
enum PriceText {
    /// A price per token, as upstream writes it.
    enum Price: Equatable {
        /// Nothing is said.
        case absent
        /// A negative price stands for a router, which has the price of whatever it chooses.
        case varies
        /// Dollars per token.
        case known(FixedDecimal)
        /// It is no number that could be told exactly.
        case unreadable
    }

    static func read(_ text: String?) -> Price {
        guard let text else { return .absent }
        let bytes = Array(text.utf8)
        guard let value = FixedDecimal(parsing: bytes.span) else { return .unreadable }
        return value.units < 0 ? .varies : .known(value)
    }

    /// With two places at least, and as many more as it takes.
    static func shown(_ price: Price) -> String {
        switch price {
        case .absent: "-"
        case .varies: "varies"
        case .unreadable: "?"
        case .known(let value): decimal(value, least: 2)
        }
    }

    /// For a program to read: without zeros at the end, and empty where there is no price.
    static func plain(_ price: Price) -> String {
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
