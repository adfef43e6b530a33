import Testing

@testable import Commands

@Suite struct ListChangesTests {
    private func rows(_ models: [(id: String, price: String)]) throws -> [ModelRow] {
        try ModelsAnswer.make(
            #"{"data":[\#(models.map { #"{"id":"\#($0.id)","pricing":{"prompt":"\#($0.price)"}}"# }.joined(separator: ","))]}"#
        ).rows
    }

    @Test func `new, changed and gone models are told apart`() throws {
        let changes = ListChanges(
            from: try rows([("a", "1"), ("b", "1"), ("c", "1")]), to: try rows([("b", "2"), ("d", "1"), ("c", "1.0")]))
        #expect(changes.mark(of: "b") == .changed)
        #expect(changes.mark(of: "d") == .new)
        #expect(changes.mark(of: "c") == nil)
        #expect(changes.gone == ["a"])
        #expect(changes.summary == "1 new, 1 changed, 1 gone (a)")
    }

    @Test func `the first list has no changes, nor has the same list again`() throws {
        let list = try rows([("a", "1")])
        #expect(ListChanges(from: nil, to: list).summary == nil)
        #expect(ListChanges(from: list, to: list).isEmpty)
    }

    @Test func `an id that comes twice is the last of its rows`() throws {
        let twice = try rows([("a", "1"), ("a", "2")])
        #expect(ListChanges(from: twice, to: try rows([("a", "2")])).isEmpty)
    }
}
