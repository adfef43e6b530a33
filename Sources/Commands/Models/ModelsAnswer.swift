import Bytes
import Catalog
package import HTTPClient
import JSONDocument
public import Settings

/// What `larder models` asks for, and where.
public struct ModelsRequest: Sendable {
    /// The Larder to send the request to.
    public var address: LarderAddress

    /// The parameters of the query, by their names in it.
    public var parameters: [(name: String, value: String)]

    /// The key whose own list is requested; nil for the public list.
    public var key: String?

    /// The view whose list is requested; nil for the whole list.
    public var view: String?

    /// A request for the public list.
    public init(
        _ address: LarderAddress, parameters: [(name: String, value: String)], key: String? = nil, view: String? = nil
    ) {
        self.address = address
        self.parameters = parameters
        self.key = key
        self.view = view
    }

    /// Whether a view can have this name.
    public static func isViewName(_ text: String) -> Bool { ViewText.isName(text) }

    /// The path and the query.
    package var path: String {
        let path = (view.map { "/view/\($0)" } ?? "") + (key == nil ? "/api/v1/models" : "/api/v1/models/user")
        return parameters.isEmpty ? path : path + "?" + QueryText.query(parameters)
    }

    /// The fields that go with it.
    package var fields: [(name: String, value: String)] { key.map { [("Authorization", "Bearer \($0)")] } ?? [] }

    /// The failure for an answer other than 200. If the order of the list is none that Larder knows, a 400 also names the
    /// known ones. Larder does not refuse it by itself, because upstream may know more.
    func refusal(_ response: FetchedResponse) -> ClientFailure {
        let failure = ClientFailure(response, at: address)
        let order = parameters.last { $0.name == "sort" }?.value
        let known = ModelFilter.all.first { $0.parameter == "sort" }?.values ?? []
        guard response.status == 400, let order, !known.contains(order) else { return failure }
        return ClientFailure("\(failure); known values of --sort: \(known.joined(separator: ", "))")
    }
}

/// An answer with models in it.
package struct ModelsAnswer {
    /// The models, in the answer's order.
    package let rows: [ModelRow]

    /// How many there are without `offset` and `limit`, if the answer says so.
    package let total: Int?

    /// How old the answer is, in seconds, if it says so.
    package let age: Int?

    /// The cache status of the answer, such as `hit; ttl=243`, if it says so (RFC 9211).
    package let origin: String?

    private let body: SharedBytes

    /// Reads a whole answer.
    package init(_ response: FetchedResponse) throws(ClientFailure) {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: response.body.span)
        } catch {
            throw ClientFailure("the answer is not JSON: \(error)")
        }
        guard let data = document.root["data"], data.kind == .array else {
            throw ClientFailure("the answer is not a list of models")
        }
        rows = data.elements.map(ModelRow.init)
        total = document.root["total_count"]?.rawNumber.flatMap { Int($0) }
        age = response.field("age").flatMap { Int($0) }
        origin = response.field("cache-status").map { status in
            let own = status.hasPrefix("larder; ") ? String(status.dropFirst(8)) : status
            return DisplayText.printable(own)
        }
        // The reader of JSON passes over a byte order mark.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let hasMark = response.body.count >= mark.count && response.body.span.extracting(..<mark.count).copied() == mark
        body = hasMark ? SharedBytes(response.body.span.extracting(mark.count...).copied()) : response.body
    }

    /// A JSON array of the models, one on a line, each byte for byte as received.
    package var json: [UInt8] {
        let span = body.span
        let slices = RowSlices(span)
        var result = Array("[".utf8)
        for (index, range) in slices.ranges.enumerated() {
            result += Array((index == 0 ? "\n" : ",\n").utf8)
            result += span.extracting(range).copied()
        }
        result += Array((slices.ranges.isEmpty ? "]\n" : "\n]\n").utf8)
        return result
    }

    /// Comma-separated values with a line of titles (RFC 4180). Prices are dollars per million tokens; one that is not known
    /// is empty. A text of upstream's that a spreadsheet would take for a formula has an apostrophe before it.
    package var csv: String {
        let titles = [
            "id", "name", "created", "context_length", "prompt_per_million", "completion_per_million",
            "input_modalities", "output_modalities",
        ]
        let lines = rows.map { row in
            [
                CSVText.inert(row.id), CSVText.inert(row.name), row.created.map { "\($0)" } ?? "",
                row.context.map { "\($0)" } ?? "", PriceText.plain(row.prompt), PriceText.plain(row.completion),
                CSVText.inert(row.inputs.joined(separator: " ")), CSVText.inert(row.outputs.joined(separator: " ")),
            ]
        }
        return ([titles] + lines).map { $0.map(CSVText.field).joined(separator: ",") + "\r\n" }.joined()
    }
}

/// The fields of comma-separated values (RFC 4180 section 2).
enum CSVText {
    /// A field: in quotes if it has a comma, a quote or a line break in it, each quote doubled. Control characters become
    /// question marks: a name comes from upstream, and a terminal would obey it.
    static func field(_ text: String) -> String {
        let special = Set(",\"\r\n".utf8)
        let text = text.unicodeScalars.contains(where: isControl) ? printable(text) : text
        guard text.utf8.contains(where: special.contains) else { return text }
        // Not by characters: a quote and a combining mark after it are one character, which is not a quote.
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\"" { scalars.append("\"") }
            scalars.append(scalar)
        }
        return "\"" + String(scalars) + "\""
    }

    /// What a text begins with if a spreadsheet takes it for a formula.
    private static let formulaStarts: Set<Unicode.Scalar> = ["=", "+", "-", "@", "\t", "\r", "\n"]

    /// A text of upstream's that no spreadsheet runs as a formula: with an apostrophe before it if it looks like one.
    static func inert(_ text: String) -> String {
        guard let first = text.unicodeScalars.first, formulaStarts.contains(first) else { return text }
        return "'" + text
    }

    private static func printable(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { scalars.append(isControl(scalar) ? "?" : scalar) }
        return String(scalars)
    }

    /// Whether it is a control character, other than a tab or a line break.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control && scalar != "\t" && scalar != "\r" && scalar != "\n"
    }
}

/// One parameter of a query for models, as the command line offers it.
public struct ModelFilter: Sendable, Equatable {
    /// The parameter's name in a query, such as `min_price`.
    public let parameter: String

    /// What its value is called in the help.
    public let valueName: String

    /// One line on what it does.
    public let help: String

    /// The values that a shell can offer; none if there are too many.
    public let values: [String]

    /// The flag without its hyphens, such as `min-price`.
    public var flag: String { parameter.replacing("_", with: "-") }

    /// Whether the flag alone means `true`.
    public let isSwitch: Bool

    private init?(_ definition: ParameterDefinition) {
        guard let usage = definition.usage else { return nil }
        parameter = definition.name
        valueName = usage.valueName
        help = usage.help
        values = definition.kind.knownValues
        isSwitch = definition.kind == .flag
    }

    /// Every filter there is: the flags of `larder models` are made from this and from nothing else.
    public static let all = ParameterTable.all.compactMap { ModelFilter($0) }
}
