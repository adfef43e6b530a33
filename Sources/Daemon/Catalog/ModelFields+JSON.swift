import Bytes
import Catalog
import JSONDocument

extension ModelFields {
    /// The fields of a Model object; one that is missing or of another type than expected has no value.
    init(id: String, of model: JSONValue) {
        self.init(id: id)
        canonicalSlug = model["canonical_slug"]?.string
        aliasTarget = model["alias_target"]?["slug"]?.string
        name = model["name"]?.string ?? ""
        created = model["created"]?.wholeNumber
        contextLength = model["context_length"]?.wholeNumber.map { max(0, $0) }
        supportedParameters = model["supported_parameters"]?.strings ?? []

        let pricing = model["pricing"]
        promptPrice = pricing?["prompt"]?.price
        completionPrice = pricing?["completion"]?.price
        priceEdges = pricing?["overrides"]?.clockEdges ?? .none

        let architecture = model["architecture"]
        inputModalities = architecture?["input_modalities"]?.strings ?? []
        outputModalities = architecture?["output_modalities"]?.strings ?? []
        tokenizer = architecture?["tokenizer"]?.string

        let benchmarks = model["benchmarks"]
        let analysis = benchmarks?["artificial_analysis"]
        intelligenceIndex = analysis?["intelligence_index"]?.decimal
        codingIndex = analysis?["coding_index"]?.decimal
        agenticIndex = analysis?["agentic_index"]?.decimal
        designArenaElo = benchmarks?["design_arena"]?.elements.compactMap { $0["elo"]?.decimal }.max()
    }
}

extension JSONValue {
    /// The strings of an array; elements of another kind are left out.
    var strings: [String] { elements.compactMap(\.string) }

    /// The value of a number.
    var decimal: FixedDecimal? { kind == .number ? FixedDecimal(parsing: text) : nil }

    /// The value of a string that spells a number, which is how prices are given, or of a number.
    var price: FixedDecimal? { kind == .string ? FixedDecimal(parsing: text) : decimal }

    /// When the windows of an array of prices begin and end. A window may be given by one of its edges alone; what is no
    /// time of day is none.
    var clockEdges: DayMinutes {
        DayMinutes(
            elements.flatMap { window in
                [window["utc_start"], window["utc_end"]].compactMap { $0?.integer.flatMap(DayMinutes.minute(ofClock:)) }
            })
    }

    /// The value of a number that is an integer, whatever its spelling.
    private var integer: Int64? {
        guard let decimal else { return nil }
        let (whole, rest) = decimal.units.quotientAndRemainder(dividingBy: Self.one)
        return rest == 0 ? Int64(exactly: whole) : nil
    }

    /// A number that is spelled with a few digits and nothing else, as nearly every one is that counts something.
    private var shortNumber: Int64? {
        guard kind == .number else { return nil }
        let text = text
        guard (1...18).contains(text.count) else { return nil }
        var number: Int64 = 0
        for index in 0..<text.count {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            number = number * 10 + Int64(digit)
        }
        return number
    }

    private static var one: Int128 { 1_000_000_000_000_000_000_000_000 }

    /// A number's whole part; what exceeds 64 bits has no value.
    var wholeNumber: Int64? {
        if let shortNumber { return shortNumber }
        guard let decimal else { return nil }
        // Division cuts towards zero; the whole part of -0.5 is -1.
        let (whole, rest) = decimal.units.quotientAndRemainder(dividingBy: Self.one)
        return Int64(exactly: rest < 0 ? whole - 1 : whole)
    }
}
