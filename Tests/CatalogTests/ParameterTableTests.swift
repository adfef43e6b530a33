import Bytes
import Catalog
import Testing

@Suite struct ParameterTableTests {
    @Test func `every parameter is found by its name, and no other name is`() {
        for definition in ParameterTable.all {
            let name = Array(definition.name.utf8)
            #expect(ParameterTable.find(name.span) === definition)
            for near in [Array(name.dropLast()), name + Array("x".utf8), Array(definition.name.uppercased().utf8)] {
                #expect(ParameterTable.find(near.span) == nil, "\(definition.name)")
            }
        }
        #expect(ParameterTable.find(Span()) == nil)
    }

    @Test func `a known value of a list or a choice is no question for upstream unless only upstream knows it`() {
        for definition in ParameterTable.all where definition.answerer == .catalog {
            for value in definition.kind.knownValues {
                switch plan("\(definition.name)=\(value)") {
                case .local: break
                case .forward(let forwarded): #expect(forwarded.reason == .facet(definition.name), "\(value)")
                case .invalid(let problem): Issue.record("\(problem.message)")
                }
            }
        }
    }

    @Test func `the bounds of integers are those of the table`() {
        for definition in ParameterTable.all {
            guard case .integer(let range) = definition.kind else { continue }
            for (value, isValid) in [
                (range.lowerBound - 1, false), (range.lowerBound, true), (range.upperBound, true),
                (range.upperBound &+ 1, false),
            ] {
                let isTaken = if case .local = plan("\(definition.name)=\(value)") { true } else { false }
                #expect(isTaken == isValid, "\(definition.name)=\(value)")
            }
        }
    }

    @Test(
        arguments: [
            ("larder_feilds=id", "larder_feilds is unknown: did you mean larder_fields?"),
            ("zdr=true&larder_%00x=1&limit=0", "larder_?x is unknown: the known ones are larder_fields, larder_as_of"),
            ("larder_fields=,", #"larder_fields must be a list of members, such as id,pricing.prompt, not ",""#),
            (
                "larder_fields=id,.x",
                #"larder_fields must be a list of members, such as id,pricing.prompt, not "id,.x""#
            ),
            ("larder_fields=a..b", #"larder_fields must be a list of members, such as id,pricing.prompt, not "a..b""#),
            (
                "larder_fields=id&use_rss=true",
                "larder_fields cannot be combined with use_rss or client_version: upstream's body is passed on unchanged"
            ),
        ] as [(String, String)])
    func `what begins like a parameter of Larder's own never goes to upstream`(query: String, message: String) {
        guard case .invalid(let problem) = plan(query) else { return #expect(Bool(false), "\(query)") }
        #expect(problem.message == message)
    }

    @Test func `an empty parameter of Larder's own is absent`() {
        #expect(plan("larder_feilds=&larder_fields=") == .local(Query()))
    }
}
