import Catalog
import Testing

@testable import Commands

@Suite struct ModelFilterTests {
    @Test func `every parameter that says which models and in what order is a filter, once`() {
        let names = ParameterTable.all.filter { $0.answerer != .wholeQuery && !$0.name.hasPrefix("larder_") }.map(
            \.name)
        #expect(ModelFilter.all.map(\.parameter) == names)
    }

    @Test func `every filter says what it does, in a line with a full stop`() {
        for filter in ModelFilter.all {
            #expect(filter.help.hasSuffix(".") && filter.help.count < 90, "\(filter.parameter)")
            #expect(!filter.flag.contains("_") && !filter.valueName.isEmpty)
        }
    }

    @Test func `the help of a lock's filters says that a lock has no pages`() {
        #expect(LockCheck.pageParameters.isSubset(of: ModelFilter.all.map(\.parameter)))
        for filter in ModelFilter.all {
            let isPage = LockCheck.pageParameters.contains(filter.parameter)
            #expect(LockCheck.help(of: filter).hasPrefix("Refused: ") == isPage)
            #expect((LockCheck.help(of: filter) == filter.help) == !isPage)
        }
    }

    @Test func `the values that are offered are those that are known`() throws {
        let sorts = try #require(ModelFilter.all.first { $0.parameter == "sort" }).values
        #expect(sorts.contains("newest") && sorts.contains("top-weekly") && sorts.count == 12)
        #expect(ModelFilter.all.filter(\.isSwitch).map(\.parameter) == ["distillable", "zdr"])
    }

    @Test(arguments: [
        ("q", "a b&c=d", "q=a%20b%26c%3Dd"), ("providers", "x,y", "providers=x%2Cy"), ("q", "\u{E9}/~", "q=%C3%A9%2F~"),
    ])
    func `a value goes into the query as it is meant`(name: String, value: String, query: String) {
        #expect(QueryText.query([(name, value)]) == query)
    }
}
