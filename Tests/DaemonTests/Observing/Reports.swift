import Foundation
import TestSupport
import Testing

/// What a running Larder reports about itself, parsed.
enum Reports {
    /// The samples of a metrics page: name with labels, and value.
    static func samples(_ larder: LiveLarder) throws -> [String: Double] {
        let answer = try larder.get("/metrics")
        try #require(answer.status == 200)
        var samples: [String: Double] = [:]
        for line in answer.text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            try #require(parts.count == 2)
            #expect(samples[String(parts[0])] == nil, "\(line) comes twice")
            let value: Double = try #require(Double(String(parts[1])))
            samples[String(parts[0])] = value
        }
        return samples
    }

    /// The samples of `larder_requests_total`, by `route,decision,status`, that are not about Larder itself.
    static func requests(_ larder: LiveLarder) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for (name, value) in try samples(larder) where name.hasPrefix("larder_requests_total{") {
            let labels = name.split(separator: "\"")
            try #require(labels.count == 7)
            if labels[1] != "own" { counts["\(labels[1]),\(labels[3]),\(labels[5])"] = Int(value) }
        }
        return counts
    }

    /// The status page.
    static func status(_ larder: LiveLarder) throws -> [String: Any] {
        let answer = try larder.get("/_larder/status")
        #expect(answer.status == 200 && answer.fields["Content-Type"] == "application/json")
        return try object(answer)
    }

    /// A body that is a JSON object.
    static func object(_ answer: RawResponse) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any], "\(answer.text)")
    }
}
