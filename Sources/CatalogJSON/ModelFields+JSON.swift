import Bytes
package import Catalog
package import JSONDocument

extension ModelFields {
    /// The fields of a Model object; one that is missing or of another type than expected has no value.
    package init(id: String, of model: JSONValue) {
        self.init(id: id)
        canonicalSlug = model["canonical_slug"]?.string
        aliasTarget = model["alias_target"]?["slug"]?.string
        name = model["name"]?.string ?? ""
        created = model["created"]?.wholeNumber.flatMap { Int64(exactly: $0) }
        contextLength = model["context_length"]?.wholeNumber.map { max(0, $0) }
        if let date = model["expiration_date"] {
            var bytes = ByteBuilder(capacity: 16)
            date.write(into: &bytes)
            expirationDate = bytes.span.copied()
        }
        supportedParameters = model["supported_parameters"]?.strings ?? []

        let pricing = model["pricing"]
        prices.prompt = pricing?["prompt"]?.price
        prices.completion = pricing?["completion"]?.price
        priceEdges = pricing?["overrides"]?.clockEdges ?? .none

        let architecture = model["architecture"]
        inputModalities = architecture?["input_modalities"]?.strings ?? []
        outputModalities = architecture?["output_modalities"]?.strings ?? []
        tokenizer = architecture?["tokenizer"]?.string

        let scores = model["benchmarks"]
        let analysis = scores?["artificial_analysis"]
        benchmarks.intelligence = analysis?["intelligence_index"]?.decimal
        benchmarks.coding = analysis?["coding_index"]?.decimal
        benchmarks.agentic = analysis?["agentic_index"]?.decimal
        designArenaElo = scores?["design_arena"]?.elements.compactMap { $0["elo"]?.decimal }.max()
    }
}

extension JSONValue {
    /// The strings of an array; elements of another kind are left out.
    package var strings: [String] { elements.compactMap(\.string) }

    /// The value of a number.
    package var decimal: FixedDecimal? { kind == .number ? FixedDecimal(parsing: text) : nil }

    /// The value of a string that spells a number, which is how prices are given, or of a number.
    package var price: FixedDecimal? { kind == .string ? FixedDecimal(parsing: text) : decimal }

    /// When the windows of an array of prices begin and end. A window may be given by one of its edges alone; what is
    /// no time of day is none.
    ///
    /// A window of certain days that lacks an edge begins or ends at midnight. One that crosses midnight may also do so
    /// there, where its day begins or ends: upstream does not say which day the part after midnight belongs to.
    var clockEdges: DayMinutes {
        DayMinutes(
            elements.flatMap { window in
                let minutes = [window["utc_start"], window["utc_end"]].compactMap {
                    $0?.integer.flatMap(DayMinutes.minute(ofClock:))
                }
                guard let days = window["utc_days"], !days.isNull else { return minutes }
                return minutes.count < 2 || minutes[0] >= minutes[1] ? minutes + [0] : minutes
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

    /// A number's whole part, rounded down, whatever its spelling; what exceeds 126 bits counts as the greatest number of so many.
    var wholeNumber: Int128? {
        if let shortNumber { return Int128(shortNumber) }
        return kind == .number ? Int128(wholePartOf: text) : nil
    }
}
