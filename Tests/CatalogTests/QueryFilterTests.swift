import Catalog
import Testing

/// Each parameter alone, over models that differ in what it looks at.
@Suite struct QueryFilterTests {
    @Test(arguments: [
        ("", ["t", "ti"]),
        ("output_modalities=", ["t", "ti"]),
        ("output_modalities=,", ["t", "ti"]),
        ("output_modalities=image", ["i", "ti"]),
        ("output_modalities=IMAGE,speech", ["i", "ti", "s"]),
        ("output_modalities=%20speech%20,", ["s"]),
        ("output_modalities=all", ["t", "i", "ti", "s", "none"]),
        ("output_modalities=speech,All", ["t", "i", "ti", "s", "none"]),
        ("output_modalities=video", []),
    ])
    func outputsOverlap(query: String, expected: [String]) {
        let snapshot = Snapshot.make([
            .make("t"), .make("i", outputs: ["image"]), .make("ti", outputs: ["Text", "image", "smell"]),
            .make("s", outputs: ["speech"]), .make("none", outputs: []),
        ])
        #expect(snapshot.ids(query) == expected)
    }

    @Test(arguments: [
        ("input_modalities=text", ["t", "ti"]), ("input_modalities=image,text", ["ti"]), ("input_modalities=FILE", []),
        ("input_modalities=,", ["t", "ti", "none"]),
    ])
    func inputsAreAllThere(query: String, expected: [String]) {
        let snapshot = Snapshot.make([
            .make("t", inputs: ["text"]), .make("ti", inputs: ["Image", "text"]), .make("none"),
        ])
        #expect(snapshot.ids(query) == expected)
    }

    @Test(arguments: [
        ("supported_parameters=tools", ["a", "b"]), ("supported_parameters=tools,seed", ["b"]),
        ("supported_parameters=tools,+seed", ["b"]), ("supported_parameters=Tools", []),
        ("supported_parameters=unheard_of", []), ("supported_parameters=tools,unheard_of", []),
    ])
    func parametersAreAllSupported(query: String, expected: [String]) {
        let snapshot = Snapshot.make([
            .make("a", parameters: ["tools"]), .make("b", parameters: ["seed", "tools"]), .make("c"),
        ])
        #expect(snapshot.ids(query) == expected)
    }

    @Test func moreParametersThanTheBitsOfAWord() {
        let names = (0..<150).map { "p\($0)" }
        let models = (0..<150).map { ModelFields.make("m\($0)", parameters: [names[$0], names[149 - $0]]) }
        let snapshot = Snapshot.make(models)
        #expect(snapshot.ids("supported_parameters=p3") == ["m3", "m146"])
        #expect(snapshot.ids("supported_parameters=p140,p9") == ["m9", "m140"])
        #expect(snapshot.ids("supported_parameters=p64,p65") == [])
    }

    @Test(arguments: [
        ("q=anvil", ["Acme/Anvil", "x/y"]), ("q=ANVIL", ["Acme/Anvil", "x/y"]), ("q=acme/a", ["Acme/Anvil"]),
        ("q=%C3%89CLAIR", ["z/w"]), ("q=%C3%A9clair", ["z/w"]), ("q=e", ["Acme/Anvil"]), ("q=nothing", []),
        ("q=2026", ["z/w"]), ("q=Anvil+2", ["x/y"]), ("q=anvilx", []), ("q=%00", []), ("q=%FF", []),
    ])
    func textOccursInNameIDOrSlug(query: String, expected: [String]) {
        let snapshot = Snapshot.make([
            .make("Acme/Anvil"), .make("x/y", name: "Anvil 2"), .make("z/w", slug: "z/w-2026", name: "Éclair"),
        ])
        #expect(snapshot.ids(query) == expected)
    }

    @Test(arguments: [
        ("context=1", ["small", "large"]), ("context=8192", ["small", "large"]), ("context=8193", ["large"]),
        ("context=9223372036854775807", []),
    ])
    func contextIsAtLeast(query: String, expected: [String]) {
        let snapshot = Snapshot.make([
            .make("null"), .make("zero", context: 0), .make("small", context: 8192), .make("large", context: 128_000),
        ])
        #expect(snapshot.ids(query) == expected)
    }

    @Test(arguments: [
        ("min_price=2.5", ["exact", "more"]), ("max_price=2.5", ["free", "exact"]),
        ("min_price=2.5&max_price=2.5", ["exact"]), ("min_price=2.5000000000000000000000000001", ["more"]),
        ("max_price=2.4999999999999999999999999999", ["free"]), ("min_price=0", ["free", "exact", "more"]),
        ("max_price=0", ["free"]), ("max_price=1e300", ["free", "exact", "more"]), ("min_price=1e300", []),
        ("min_price=3&max_price=2", []), ("min_price=2500e-3", ["exact", "more"]),
        ("min_price=2.500000000000000001&max_price=2.500000000000000001", ["more"]),
    ])
    func promptPricesLieWithinBounds(query: String, expected: [String]) {
        let snapshot = Snapshot.make([
            .make("free", prompt: "0"), .make("exact", prompt: "0.0000025"), .make("router", prompt: "-1"),
            .make("unknown"), .make("more", prompt: "0.000002500000000000000001"),
        ])
        #expect(snapshot.ids(query) == expected)
    }

    @Test func completionPricesHaveBoundsOfTheirOwn() {
        let snapshot = Snapshot.make([
            .make("a", prompt: "0.000001", completion: "0.00001"),
            .make("b", prompt: "0.00001", completion: "0.000001"),
            .make("c", prompt: "0.000001", completion: "-1"),
        ])
        #expect(snapshot.ids("min_output_price=10") == ["a"])
        #expect(snapshot.ids("max_output_price=1") == ["b"])
        #expect(snapshot.ids("max_price=1") == ["a", "c"])
        #expect(snapshot.ids("min_output_price=1.0000000000000000001") == ["a"])
        #expect(snapshot.ids("max_output_price=9.9999999999999999999") == ["b"])
    }

    @Test(arguments: ["intelligence", "coding", "agentic"])
    func indicesLieWithinBounds(index: String) {
        func model(_ id: String, _ value: String) -> ModelFields {
            switch index {
            case "intelligence": .make(id, intelligence: value)
            case "coding": .make(id, coding: value)
            default: .make(id, agentic: value)
            }
        }
        let snapshot = Snapshot.make([
            model("a", "58.9"), .make("none"), model("b", "58.900000000000000000000001"), model("zero", "0"),
        ])
        #expect(snapshot.ids("min_\(index)_index=58.9000000000000000000000001") == ["b"])
        #expect(snapshot.ids("max_\(index)_index=58.9000000000000000000000009") == ["a", "zero"])
        #expect(snapshot.ids("min_\(index)_index=58.9") == ["a", "b"])
        #expect(snapshot.ids("max_\(index)_index=58.9") == ["a", "zero"])
        #expect(snapshot.ids("min_\(index)_index=0") == ["a", "b", "zero"])
    }

    @Test(arguments: [
        ("arch=Llama", ["l", "l2", "l33"]), ("arch=llama3", ["l33"]), ("arch=Llama2", ["l2"]), ("arch=Llam", []),
        ("arch=GPT", []), ("arch=Llama3.", ["l31"]), ("arch=3", []),
    ])
    func architecturesMatchUpToTheirNumber(query: String, expected: [String]) {
        let snapshot = Snapshot.make([
            .make("l", tokenizer: "Llama"), .make("l2", tokenizer: "Llama2"), .make("l33", tokenizer: "llama33"),
            .make("l31", tokenizer: "Llama3.1"), .make("ls", tokenizer: "Llamas"), .make("none"),
        ])
        #expect(snapshot.ids(query) == expected)
    }

    @Test(arguments: [
        ("model_authors=acme", ["acme/a", "~acme/latest", "Acme/b"]),
        ("model_authors=ACME,forge", ["acme/a", "~acme/latest", "Acme/b", "forge/a"]), ("model_authors=~acme", []),
        ("model_authors=acm", []), ("model_authors=alone", ["alone"]), ("model_authors=forge,nobody", ["forge/a"]),
    ])
    func authorsAreAnyOfTheList(query: String, expected: [String]) {
        let snapshot = Snapshot.make([
            .make("acme/a"), .make("~acme/latest"), .make("Acme/b"), .make("forge/a"), .make("alone"),
        ])
        #expect(snapshot.ids(query) == expected)
    }

    @Test func parametersCombineWithAnd() {
        let snapshot = Snapshot.make([
            .make("acme/a", context: 10, parameters: ["tools"]), .make("acme/b", context: 10),
            .make("forge/a", context: 10),
        ])
        #expect(snapshot.ids("model_authors=acme&supported_parameters=tools&context=10&q=a") == ["acme/a"])
    }
}
