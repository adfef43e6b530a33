import Bytes
import Foundation
import FoundationXML
import History
import Testing

/// What a feed reader makes of the document, by Foundation's XML parser.
private final class FeedReader: NSObject, XMLParserDelegate {
    struct Element: Equatable {
        var name: String
        var attributes: [String: String]
        var text = ""
        var children: [Element] = []

        subscript(name: String) -> String? { children.first { $0.name == name }?.text }
    }

    private var stack = [Element(name: "", attributes: [:])]

    static func read(_ document: [UInt8]) throws -> Element {
        let reader = FeedReader()
        let parser = XMLParser(data: Data(document))
        parser.delegate = reader
        guard parser.parse() else { throw parser.parserError ?? CocoaError(.featureUnsupported) }
        return reader.stack[0].children[0]
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) { stack.append(Element(name: name, attributes: attributes)) }

    func parser(_ parser: XMLParser, foundCharacters text: String) { stack[stack.count - 1].text += text }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        let element = stack.removeLast()
        stack[stack.count - 1].children.append(element)
    }
}

@Suite struct AtomFeedTests {
    private func feed(link: String = "http://localhost:5273/_larder/changes.atom") throws -> AtomFeed {
        let authority = try #require(AtomFeed.TagAuthority(name: "larder.example", since: 1_795_910_400))
        return AtomFeed(authority: authority, history: "0a1b2c3d", link: link, title: "Changes at OpenRouter")
    }

    private static let events = [
        Event.make(
            16, at: 1_795_940_000, .removed, id: "a/<b>&\"c'", before: #"{"name":"<&>\u0001"}"#),
        Event.make(
            17, at: 1_795_941_000, .price, id: "openai/gpt-5", before: #"{"pricing":{"prompt":"0.0000012"}}"#,
            after: #"{"pricing":{"prompt":"0.000001"}}"#),
    ]

    @Test func aFeedHasWhatTheStandardWants() throws {
        let document = try feed(link: "http://localhost:5273/x?a=1&b=\"2\"").render(Self.events, updated: 0)
        let root = try FeedReader.read(document.span.copied())
        #expect(root.name == "feed")
        #expect(root.attributes["xmlns"] == "http://www.w3.org/2005/Atom")
        #expect(root["id"] == "tag:larder.example,2026-11-29:larder/0a1b2c3d")
        #expect(root["title"] == "Changes at OpenRouter")
        #expect(root["updated"] == "2026-11-29T08:30:00Z")
        let link = try #require(root.children.first { $0.name == "link" })
        #expect(link.attributes["rel"] == "self")
        #expect(link.attributes["href"] == "http://localhost:5273/x?a=1&b=\"2\"")
        #expect(root.children.first { $0.name == "author" }?["name"] == "Larder")
        // Exactly one id, title and updated, as RFC 4287 section 4.1.1 requires.
        for name in ["id", "title", "updated"] { #expect(root.children.count { $0.name == name } == 1) }
    }

    @Test func theNewestEventComesFirst() throws {
        let root = try FeedReader.read(try feed().render(Self.events, updated: 0).span.copied())
        let entries = root.children.filter { $0.name == "entry" }
        #expect(
            entries.map { $0["id"] ?? "" } == [17, 16].map { "tag:larder.example,2026-11-29:larder/0a1b2c3d/\($0)" })
        #expect(entries[0]["title"] == "openai/gpt-5: prompt price 0.0000012 -> 0.000001")
        #expect(entries[0]["updated"] == "2026-11-29T08:30:00Z")
        #expect(entries[0].children.first { $0.name == "category" }?.attributes["term"] == "price")
        #expect(
            entries[0]["content"]
                == "before: {\"pricing\":{\"prompt\":\"0.0000012\"}}\nafter: {\"pricing\":{\"prompt\":\"0.000001\"}}")
        #expect(entries[1]["title"] == "a/<b>&\"c': removed")
        #expect(entries[1]["content"] == "before: {\"name\":\"<&>\\u0001\"}\nafter: nothing")
        for entry in entries {
            for name in ["id", "title", "updated"] { #expect(entry.children.count { $0.name == name } == 1) }
        }
    }

    @Test func anEmptyFeedIsAsOldAsTheLatestCatalogue() throws {
        let root = try FeedReader.read(try feed().render([], updated: 1_795_941_000).span.copied())
        #expect(root["updated"] == "2026-11-29T08:30:00Z")
        #expect(!root.children.contains { $0.name == "entry" })
    }

    @Test func tagsStayTheSame() throws {
        let event = Self.events[1]
        #expect(try feed(link: "http://localhost/a").tag(of: event) == feed(link: "http://[::1]/b").tag(of: event))
    }

    @Test func charactersThatXMLCannotHoldAreReplaced() throws {
        let event = Event.make(1, .added, id: "\u{0}\u{8}\u{FFFE}x\t\r\n\u{7F}\u{1F600}]]>")
        let root = try FeedReader.read(try feed().render([event], updated: 0).span.copied())
        let title = root.children.first { $0.name == "entry" }?["title"]
        #expect(title == "\u{FFFD}\u{FFFD}\u{FFFD}x\t\r\n\u{7F}\u{1F600}]]>: added")
    }

    private static let authorities: [(name: String, isValid: Bool)] = [
        ("localhost", true), ("larder.example", true), ("a-b.c1", true), ("someone.else@example.com", true),
        ("", false),
        ("-a", false), ("a-", false), ("a..b", false), (".a", false), ("a b", false), ("a@b@c", false), ("@a", false),
        ("[::1]", false), ("localhost:5273", false), ("é.example", false), ("a,b", false), ("a/b", false),
    ]

    @Test(arguments: authorities)
    func anAuthorityIsADomainOrAnAddress(name: String, isValid: Bool) {
        #expect((AtomFeed.TagAuthority(name: name, since: 0) != nil) == isValid)
    }
}
