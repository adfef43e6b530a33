import Bytes
import Catalog
import CatalogJSON
import TestSupport

/// The catalogue that the queries are answered from, and what upstream says of its facets.
enum SmallCatalogue {
    static let list = read(SampleCatalogue.json)

    /// The same for the other implementation.
    static let reference: ReferenceCatalog = {
        do { return try ReferenceCatalog(json: SampleCatalogue.json) } catch { preconditionFailure("\(error)") }
    }()

    /// The rows of a facet: some of the list's, rows of its own, both, or none, as its name has it.
    static func facet(_ name: FacetName) -> FacetRows {
        let variants = name.isShown ? whole : beside
        return variants[Int(Array(name.pair.utf8).span.hash64() % UInt64(variants.count))]
    }

    private static let beside = bodies.map { facet($0, beside: list) }
    private static let whole = bodies.map { facet($0, beside: nil) }

    private static let bodies: [[UInt8]] = [
        SampleCatalogue.json, body(of: [3, 1, 4, 1, 5, 9, 2, 6]), body(of: [], others: true),
        body(of: (0..<list.count).reversed(), others: true), body(of: []),
    ]

    private static func body(of rows: [Int], others: Bool = false) -> [UInt8] {
        var texts = rows.map { list.row($0).span.text() }
        if others {
            texts.append(#"{"id":"other/one","architecture":{"output_modalities":["text"]},"created":1780000000}"#)
            texts.append(#"{"id":"other/two","pricing":{"prompt":"0.000001","completion":"0"}}"#)
        }
        return Array("{\"data\":[\(texts.joined(separator: ","))]}".utf8)
    }

    private static func read(_ body: [UInt8]) -> Snapshot {
        do { return try CatalogReader.read(body.span) } catch { preconditionFailure("\(error)") }
    }

    private static func facet(_ body: [UInt8], beside list: Snapshot?) -> FacetRows {
        do { return try CatalogReader.readFacet(body.span, beside: list.map { .snapshot($0) }) } catch {
            preconditionFailure("\(error)")
        }
    }
}
