import Catalog
import JSONDocument

/// What the command line shows of one model.
struct ModelRow: Equatable {
    let id: String
    let name: String
    /// Seconds since 1970.
    let created: Int?
    let context: Int?
    let prompt: PriceText.Price
    let completion: PriceText.Price
    let inputs: [String]
    let outputs: [String]

    /// Reads a model; what is missing, null or of another type than it should be has no value.
    init(_ model: JSONValue) {
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
    var link: String { "https://openrouter.ai/" + QueryText.path(id) }

    private static func number(_ value: JSONValue?) -> String? { value?.string ?? value?.rawNumber }

    private static func whole(_ value: JSONValue?) -> Int? {
        guard let text = value?.rawNumber else { return nil }
        let bytes = Array(text.utf8)
        guard let number = FixedDecimal(parsing: bytes.span) else { return nil }
        let one = (0..<FixedDecimal.places).reduce(Int128(1)) { power, _ in power * 10 }
        return Int(exactly: number.units / one)
    }

    private static func texts(_ value: JSONValue?) -> [String] {
        guard let elements = value?.elements else { return [] }
        return elements.compactMap(\.string)
    }
}
