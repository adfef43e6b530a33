import Catalog
import History
import Testing

/// Tables of one row before and after, and of the changes that are reported.
@Suite struct RowDifferenceTests {
    /// The changes between two models of the same id, in words.
    private func changes(_ before: String, _ after: String) -> [String] {
        let comparison = CatalogComparison(from: .make(["a/b": before]), to: .make(["a/b": after]))
        return comparison.changes.map { change in
            let parts = [change.change.before, change.change.after].map { part in
                part.map { String(decoding: $0, as: UTF8.self) } ?? "-"
            }
            return "\(change.change.kind.rawValue) \(parts[0]) \(parts[1])"
        }
    }

    private static let cases: [(before: String, after: String, changes: [String])] = [
        // Prices.
        (
            #""pricing":{"prompt":"0.0000012","completion":"0.00001"}"#,
            #""pricing":{"prompt":"0.000001","completion":"0.00001"}"#,
            [#"price {"pricing":{"prompt":"0.0000012"}} {"pricing":{"prompt":"0.000001"}}"#]
        ),
        (
            #""pricing":{"prompt":"1"}"#, #""pricing":{"prompt":"1","web_search":"0.01"}"#,
            [#"price {} {"pricing":{"web_search":"0.01"}}"#]
        ),
        (
            #""pricing":{"prompt":"1","completion":"2"}"#, #""pricing":{"completion":"3","prompt":"2"}"#,
            [#"price {"pricing":{"prompt":"1","completion":"2"}} {"pricing":{"prompt":"2","completion":"3"}}"#]
        ),
        (
            #""pricing":{"overrides":[{"utc_start":100,"prompt":"1"}]}"#,
            #""pricing":{"overrides":[{"utc_start":200,"prompt":"1"}]}"#,
            [
                #"price {"pricing":{"overrides":[{"utc_start":100,"prompt":"1"}]}} "#
                    + #"{"pricing":{"overrides":[{"utc_start":200,"prompt":"1"}]}}"#
            ]
        ),
        (#""pricing":{"prompt":"1"}"#, #""pricing":null"#, [#"price {"pricing":{"prompt":"1"}} {}"#]),
        (#""pricing":"free""#, #""pricing":"dear""#, [#"price {"pricing":"free"} {"pricing":"dear"}"#]),
        (
            #""pricing":{"prompt":"-1"}"#, #""pricing":{"prompt":"0"}"#,
            [#"price {"pricing":{"prompt":"-1"}} {"pricing":{"prompt":"0"}}"#]
        ),
        // Context.
        (
            #""context_length":1000"#, #""context_length":2000"#,
            [#"context {"context_length":1000} {"context_length":2000}"#]
        ),
        (
            #""context_length":null"#, #""context_length":2000"#,
            [#"context {"context_length":null} {"context_length":2000}"#]
        ),
        (
            #""context_length":1,"top_provider":{"context_length":1,"max_completion_tokens":1,"is_moderated":true}"#,
            #""context_length":2,"top_provider":{"context_length":2,"max_completion_tokens":2,"is_moderated":true}"#,
            [
                #"context {"context_length":1,"top_provider":{"context_length":1,"max_completion_tokens":1}} "#
                    + #"{"context_length":2,"top_provider":{"context_length":2,"max_completion_tokens":2}}"#
            ]
        ),
        // Parameters: only the names that are on one side.
        (
            #""supported_parameters":["tools","seed"]"#, #""supported_parameters":["seed","stop","top_p"]"#,
            [
                #"parameters {"supported_parameters":["tools"]} {"supported_parameters":["stop","top_p"]}"#
            ]
        ),
        (
            #""supported_parameters":null"#, #""supported_parameters":["seed"]"#,
            [#"parameters {"supported_parameters":null} {"supported_parameters":["seed"]}"#]
        ),
        // Modalities.
        (
            #""architecture":{"modality":"text->text","input_modalities":["text"],"tokenizer":"GPT"}"#,
            #""architecture":{"modality":"text+file->text","input_modalities":["text","file"],"tokenizer":"GPT"}"#,
            [
                #"modalities {"architecture":{"modality":"text->text","input_modalities":[]}} "#
                    + #"{"architecture":{"modality":"text+file->text","input_modalities":["file"]}}"#
            ]
        ),
        (
            #""architecture":{"output_modalities":["text","image"]}"#,
            #""architecture":{"output_modalities":["text"]}"#,
            [
                #"modalities {"architecture":{"output_modalities":["image"]}} {"architecture":{"output_modalities":[]}}"#
            ]
        ),
        // Expiration: set, moved, taken back.
        (
            #""expiration_date":null"#, #""expiration_date":"2026-12-31""#,
            [#"expiration {"expiration_date":null} {"expiration_date":"2026-12-31"}"#]
        ),
        ("", #""expiration_date":"2026-12-31""#, [#"expiration {} {"expiration_date":"2026-12-31"}"#]),
        (
            #""expiration_date":"2026-12-31""#, #""expiration_date":"2027-01-31""#,
            [#"expiration {"expiration_date":"2026-12-31"} {"expiration_date":"2027-01-31"}"#]
        ),
        (
            #""expiration_date":"2026-12-31""#, #""expiration_date":null"#,
            [#"expiration {"expiration_date":"2026-12-31"} {"expiration_date":null}"#]
        ),
        // Names.
        (
            #""name":"A","canonical_slug":"a/b-1""#, #""name":"B","canonical_slug":"a/b-2""#,
            [#"renamed {"name":"A","canonical_slug":"a/b-1"} {"name":"B","canonical_slug":"a/b-2"}"#]
        ),
        // Aliases: another target, or another name of the same.
        (
            #""alias_target":{"name":"X","slug":"x/1"}"#, #""alias_target":{"name":"X","slug":"x/2"}"#,
            [
                #"alias {"alias_target":{"name":"X","slug":"x/1"}} {"alias_target":{"name":"X","slug":"x/2"}}"#
            ]
        ),
        (#""alias_target":{"name":"X","slug":"x/1"}"#, "", [#"alias {"alias_target":{"name":"X","slug":"x/1"}} {}"#]),
        (
            #""alias_target":{"name":"X","slug":"x/1"}"#, #""alias_target":{"name":"Y","slug":"x/1"}"#,
            [
                #"other {"alias_target":{"name":"X","slug":"x/1"}} {"alias_target":{"name":"Y","slug":"x/1"}}"#
            ]
        ),
        // Anything else.
        (#""description":"old""#, #""description":"new""#, [#"other {"description":"old"} {"description":"new"}"#]),
        (
            #""reasoning":{"a":1,"b":2}"#, #""reasoning":{"a":1,"b":3}"#,
            [#"other {"reasoning":{"b":2}} {"reasoning":{"b":3}}"#]
        ),
        ("", #""reasoning":{"a":1}"#, [#"other {} {"reasoning":{"a":1}}"#]),
        (
            #""reasoning":{"x":{"a":1}}"#, #""reasoning":{"x":{"a":1,"b":null}}"#,
            [#"other {"reasoning":{"x":{"a":1}}} {"reasoning":{"x":{"a":1,"b":null}}}"#]
        ),
        (
            #""top_provider":{"is_moderated":true}"#, #""top_provider":{"is_moderated":false}"#,
            [#"other {"top_provider":{"is_moderated":true}} {"top_provider":{"is_moderated":false}}"#]
        ),
        (
            #""architecture":{"tokenizer":"GPT"}"#, #""architecture":{"tokenizer":"Llama3"}"#,
            [#"other {"architecture":{"tokenizer":"GPT"}} {"architecture":{"tokenizer":"Llama3"}}"#]
        ),
        (
            "", #""benchmarks":{"artificial_analysis":{"x":1},"design_arena":[{"elo":1}]}"#,
            [#"other {} {"benchmarks":{"artificial_analysis":{"x":1}}}"#]
        ),
        (
            #""a member of the future":1"#, #""a member of the future":2"#,
            [#"other {"a member of the future":1} {"a member of the future":2}"#]
        ),
        // Several at once, in the order of the kinds.
        (
            #""name":"A","pricing":{"prompt":"1"},"context_length":1,"description":"x""#,
            #""name":"B","pricing":{"prompt":"2"},"context_length":2,"description":"y""#,
            [
                #"price {"pricing":{"prompt":"1"}} {"pricing":{"prompt":"2"}}"#,
                #"context {"context_length":1} {"context_length":2}"#, #"renamed {"name":"A"} {"name":"B"}"#,
                #"other {"description":"x"} {"description":"y"}"#,
            ]
        ),
        // Of several members with one name the last counts.
        (
            #""context_length":1,"context_length":2"#, #""context_length":1,"context_length":3"#,
            [#"context {"context_length":2} {"context_length":3}"#]
        ),
    ]

    @Test(arguments: cases)
    func whatDiffersIsReported(before: String, after: String, expected: [String]) {
        #expect(changes(before, after) == expected)
    }

    private static let silent: [(before: String, after: String)] = [
        (#""a":1,"b":2"#, #""b":2,"a":1"#),
        (#""a":1,"b":[1,{"c":2,"d":3}]"#, "\"a\" : 1 ,\n\"b\":[ 1, { \"d\":3, \"c\":2 } ]"),
        (#""pricing":{"prompt":"0.0000010"}"#, #""pricing":{"prompt":"1e-6"}"#),
        (#""pricing":{"prompt":"1","completion":"2"}"#, #""pricing":{"completion":"2.0","prompt":"1"}"#),
        (#""context_length":1000"#, #""context_length":1000.0"#),
        (#""supported_parameters":["a","b"]"#, #""supported_parameters":["b","a","a"]"#),
        (
            #""architecture":{"input_modalities":["text","image"]}"#,
            #""architecture":{"input_modalities":["image","text"]}"#
        ),
        ("", #""supported_voices":null"#),
        (#""default_parameters":{"top_p":1}"#, #""default_parameters":{"top_p":1,"top_k":null}"#),
        (#""expiration_date":null"#, ""),
        (#""links":{"details":"/a"}"#, #""links":{"details":"/b"}"#),
        (#""benchmarks":{"design_arena":[{"elo":1}]}"#, #""benchmarks":{"design_arena":[{"elo":2},{"elo":3}]}"#),
        ("", #""benchmarks":{"design_arena":[]}"#),
        (#""x":1,"x":2"#, #""x":3,"x":2"#),
    ]

    @Test(arguments: silent)
    func whatMeansTheSameIsNoChange(before: String, after: String) {
        #expect(changes(before, after) == [])
        #expect(changes(after, before) == [])
    }

    @Test func stringsThatSpellNumbersAreTextOutsideOfPrices() {
        #expect(changes(#""name":"1""#, #""name":"1.0""#) == [#"renamed {"name":"1"} {"name":"1.0"}"#])
    }

    @Test func objectsWithManyMembersAreMatchedByName() {
        let names = (0..<500).map { "\"m\($0)\":\($0)" }
        #expect(changes(names.joined(separator: ","), names.reversed().joined(separator: ",")) == [])
        var other = names
        other[250] = "\"m250\":7"
        #expect(
            changes(names.joined(separator: ","), other.reversed().joined(separator: ","))
                == [#"other {"m250":250} {"m250":7}"#])
    }

    @Test func valuesNestedAsDeepAsTheyComeAreCompared() {
        let depth = 20_000
        func nested(_ inner: String) -> String {
            "\"x\":" + String(repeating: "[", count: depth) + inner + String(repeating: "]", count: depth)
        }
        #expect(changes(nested("1"), nested("1")) == [])
        #expect(changes(nested("1"), nested("2")).count == 1)
    }
}
