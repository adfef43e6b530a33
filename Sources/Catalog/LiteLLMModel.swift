public import Bytes

/// One entry of LiteLLM's price map (`model_prices_and_context_window.json`), made from a row.
///
/// Prices are upstream's decimal strings, digit by digit, as JSON numbers. What a row does not say is left out.
public enum LiteLLMModel {
    /// Appends `"openrouter/<id>":{...}`.
    public static func append(_ model: ModelRow, to body: inout ByteBuilder) {
        let json = model.json
        let text = json.span
        let row = 0..<json.count
        let architecture = JSONScanner.member("architecture", of: text, in: row)
        let inputs = list("input_modalities", in: text, architecture)
        let outputs = list("output_modalities", in: text, architecture)
        let parameters = list("supported_parameters", in: text, row)
        let pricing = JSONScanner.member("pricing", of: text, in: row)

        body.append("\"openrouter/")
        body.append(jsonEscaped: model.id.span)
        body.append("\":{\"litellm_provider\":\"openrouter\",\"mode\":")
        body.append(modes.first { contains(outputs, $0.output, in: text) }?.mode ?? "\"chat\"")
        appendLimits(text, row, to: &body)
        for (member, name) in prices {
            guard let digits = price(name, in: text, pricing) else { continue }
            body.append(member)
            body.append(text.extracting(digits))
        }
        for (member, parameter) in abilities where contains(parameters, parameter, in: text) { body.append(member) }
        for (member, modality) in senses where contains(inputs, modality, in: text) { body.append(member) }
        if contains(outputs, "\"audio\"", in: text) { body.append(",\"supports_audio_output\":true") }
        if price("input_cache_read", in: text, pricing) != nil { body.append(",\"supports_prompt_caching\":true") }
        body.append("}")
    }

    /// What LiteLLM uses a model for. Of several outputs the first in this order decides.
    private static let modes: [(output: StaticString, mode: StaticString)] = [
        ("\"text\"", "\"chat\""), ("\"embeddings\"", "\"embedding\""), ("\"rerank\"", "\"rerank\""),
        ("\"image\"", "\"image_generation\""), ("\"video\"", "\"video_generation\""),
        ("\"transcription\"", "\"audio_transcription\""), ("\"speech\"", "\"audio_speech\""),
        ("\"audio\"", "\"audio_speech\""), ("\"decisions\"", "\"decisions\""),
    ]

    /// The members for prices, and the names of upstream's.
    private static let prices: [(member: StaticString, name: StaticString)] = [
        (",\"input_cost_per_token\":", "prompt"),
        (",\"output_cost_per_token\":", "completion"),
        (",\"cache_read_input_token_cost\":", "input_cache_read"),
        (",\"cache_creation_input_token_cost\":", "input_cache_write"),
        (",\"cache_creation_input_token_cost_above_1hr\":", "input_cache_write_1h"),
        (",\"output_cost_per_reasoning_token\":", "internal_reasoning"),
    ]

    /// The members for what a model can do, and the request parameters that show it.
    private static let abilities: [(member: StaticString, parameter: StaticString)] = [
        (",\"supports_function_calling\":true", "\"tools\""),
        (",\"supports_tool_choice\":true", "\"tool_choice\""),
        (",\"supports_parallel_function_calling\":true", "\"parallel_tool_calls\""),
        (",\"supports_response_schema\":true", "\"structured_outputs\""),
        (",\"supports_reasoning\":true", "\"reasoning\""),
        (",\"supports_web_search\":true", "\"web_search_options\""),
    ]

    /// The members for what a model takes besides text.
    private static let senses: [(member: StaticString, modality: StaticString)] = [
        (",\"supports_vision\":true", "\"image\""),
        (",\"supports_audio_input\":true", "\"audio\""),
        (",\"supports_pdf_input\":true", "\"file\""),
        (",\"supports_video_input\":true", "\"video\""),
    ]

    // MARK: Parts of a row

    private static func appendLimits(_ text: Span<UInt8>, _ row: Range<Int>, to body: inout ByteBuilder) {
        let input = number("context_length", in: text, row)
        let output = number(
            "max_completion_tokens", in: text, JSONScanner.member("top_provider", of: text, in: row))
        // The older name for the greatest output, which LiteLLM still reads.
        let limits: [(StaticString, Range<Int>?)] = [
            (",\"max_tokens\":", output ?? input), (",\"max_input_tokens\":", input),
            (",\"max_output_tokens\":", output),
        ]
        for (member, limit) in limits {
            guard let limit else { continue }
            body.append(member)
            body.append(text.extracting(limit))
        }
    }

    /// The elements of an array that is a member.
    private static func list(_ name: StaticString, in text: Span<UInt8>, _ object: Range<Int>?) -> [Range<Int>] {
        guard let object, let array = JSONScanner.member(name, of: text, in: object) else { return [] }
        return JSONScanner.elements(text, in: array)
    }

    /// Whether a string, with its quotes, is one of the elements.
    private static func contains(_ elements: [Range<Int>], _ string: StaticString, in text: Span<UInt8>) -> Bool {
        for element in elements where text.extracting(element).equals(string) { return true }
        return false
    }

    /// A member that is a number of 0 or more.
    private static func number(_ name: StaticString, in text: Span<UInt8>, _ object: Range<Int>?) -> Range<Int>? {
        guard let object, let value = JSONScanner.member(name, of: text, in: object) else { return nil }
        return isNumber(text.extracting(value)) ? value : nil
    }

    /// The digits of a price, which is a string or a number. A negative price marks a router whose price is unknown.
    private static func price(_ name: StaticString, in text: Span<UInt8>, _ pricing: Range<Int>?) -> Range<Int>? {
        guard let pricing, let value = JSONScanner.member(name, of: text, in: pricing) else { return nil }
        let isString = text[value.lowerBound] == UInt8(ascii: "\"")
        let digits = isString ? value.lowerBound + 1..<value.upperBound - 1 : value
        return isNumber(text.extracting(digits)) ? digits : nil
    }

    /// Whether a text is a JSON number without a sign (RFC 8259 section 6).
    private static func isNumber(_ text: Span<UInt8>) -> Bool {
        var index = 0
        let isZero = text.starts(with: "0")
        let whole = skipDigits(text, &index)
        guard whole == 1 || (whole > 1 && !isZero) else { return false }
        if index < text.count, text[index] == UInt8(ascii: ".") {
            index += 1
            guard skipDigits(text, &index) > 0 else { return false }
        }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") { index += 1 }
            guard skipDigits(text, &index) > 0 else { return false }
        }
        return index == text.count
    }

    /// Moves the index behind digits and returns their number.
    private static func skipDigits(_ text: Span<UInt8>, _ index: inout Int) -> Int {
        let start = index
        while index < text.count, text[index] &- UInt8(ascii: "0") < 10 { index += 1 }
        return index - start
    }
}
