import Testing

@testable import HTTPCore

@Suite("Fields of one connection")
struct HopByHopTests {
    @Test(
        "These are never passed on",
        arguments: [
            "Connection", "keep-alive", "TE", "Upgrade", "Proxy-Connection", "Transfer-Encoding", "proxy-authenticate",
            "Proxy-Authorization", "Close",
        ])
    func standing(name: String) {
        #expect(contains(HopByHop(), name))
        #expect(contains(HopByHop(), name.lowercased()))
        #expect(contains(HopByHop(), name.uppercased()))
    }

    @Test(
        "All others are",
        arguments: [
            "", "Content-Length", "Content-Type", "Authorization", "Cookie", "Connections", "te2", "x-te", "Trailers",
            "transfer_encoding", "Date", "Accept",
        ])
    func others(name: String) {
        #expect(!contains(HopByHop(), name))
    }

    @Test("Connection names further ones, over all its lines")
    func nominated() {
        var fields = HopByHop()
        let long = String(repeating: "x", count: 63)
        for line in ["close, X-One", "", " ,x-TWO\t, ", "\"x-three\"", "Keep-Alive", "\(long)yz"] {
            let bytes = Array(line.utf8)
            fields.nominate(bytes.span)
        }
        #expect(["x-one", "X-ONE", "X-Two", "Close", "te", "\(long)YZ"].allSatisfy { contains(fields, $0) })
        #expect(!["x-three", "x-on", "x-one ", "date", "y-one", long, "\(long)zz"].contains { contains(fields, $0) })
    }

    private func contains(_ fields: HopByHop, _ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return fields.contains(bytes.span)
    }
}
