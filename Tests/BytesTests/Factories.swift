import Bytes

/// What a builder that begins with little room has in the end, as text.
func built(capacity: Int = 1, _ fill: (inout ByteBuilder) -> Void) -> String {
    var out = ByteBuilder(capacity: capacity)
    fill(&out)
    let bytes = out.finish()
    return bytes.span.text()
}

/// Random numbers that are the same on every run: a multiplicative generator, its high half.
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 2 &+ 1 }

    mutating func roll(_ sides: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(sides))
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(roll(256)) } }
}
