import Testing

@Suite("gzip")
struct GzipTests {
    @Test("A higher level gives fewer bytes")
    func levels() throws {
        let bytes = sample(200_000)
        let stored = try Format.gzip.compressed(bytes, level: 0).count
        let usual = try Format.gzip.compressed(bytes).count
        #expect(stored > bytes.count)
        #expect(usual < bytes.count * 3 / 4)
    }

    @Test func `the usual level packs a list of models better than the level below`() throws {
        let rows = (0..<400).map { number in
            let parameters = (0..<20).filter { (number * 7 + $0 * $0) % 3 > 0 }.map { "\"parameter_\($0)\"" }
            return """
                {"id":"maker-\(number % 40)/model-\(number)","created":\(1_700_000_000 + number * 86_411),\
                "description":"Model \(number) of \(number * 37 % 1000) billion parameters, \(number % 7) times as able",\
                "pricing":{"prompt":"0.0000\(number * 13 % 997)","completion":"0.000\(number * 29 % 991)"},\
                "supported_parameters":[\(parameters.joined(separator: ","))]}
                """
        }
        let list = Array(rows.joined(separator: ",").utf8)
        #expect(try Format.gzip.compressed(list).count < Format.gzip.compressed(list, level: 5).count)
    }

    @Test("The header bears no time and no name, so that equal bytes give equal members")
    func header() throws {
        #expect(try Format.gzip.compressed(sample(1000)).prefix(8) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0])
    }
}
