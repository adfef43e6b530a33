// swift-tools-version: 6.2
import PackageDescription

/// Whether the fuzzers are built, which scripts/fuzz asks for. Every target is then compiled so that libFuzzer sees the way
/// that an input takes through it.
let isFuzzing = Context.environment["FUZZING"] != nil

/// Every target: warnings are errors, every unsafe expression carries the word `unsafe`, imports stay private unless a
/// public signature needs them.
let house: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // Exclusive access is checked at run time in debug builds, which is where the tests run. In a release build the checks
    // would be a quarter of all instructions of a cached hit: the objects of a loop are touched at every step. Inlining
    // between targets saves another twentieth.
    .unsafeFlags(["-enforce-exclusivity=unchecked", "-cross-module-optimization"], .when(configuration: .release)),
    .unsafeFlags(isFuzzing ? ["-sanitize=fuzzer"] : []),
]

/// The targets that hand out `Span`s of memory they own need to say whose lifetime a span borrows.
let spans: [SwiftSetting] = house + [.enableExperimentalFeature("Lifetimes")]

/// A Debian system library: `module.modulemap` and `shim.h`, nothing else.
func system(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func library(_ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = house) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: house)
}

/// The fuzzers are one program. The flags link it with libFuzzer, which Debian's own linker stumbles over.
let fuzzers: [Target] = [
    .systemLibrary(name: "CFuzzer", path: "Tests/Fuzzing/CFuzzer"),
    .executableTarget(
        name: "Fuzz", dependencies: ["CFuzzer", "FuzzChecks"], path: "Tests/Fuzzing/Fuzz", swiftSettings: house,
        linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
]

let package = Package(
    name: "larder",
    products: [.executable(name: "larder", targets: ["larder"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: [
        // C: headers only.
        system("CUV", pkgConfig: "libuv", apt: "libuv1-dev"),
        system("CLLHTTP", pkgConfig: "libllhttp", apt: "libllhttp-dev"),
        system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        system("CYYJSON", pkgConfig: "yyjson", apt: "libyyjson-dev"),
        system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        system("CBrotli", pkgConfig: "libbrotlienc", apt: "libbrotli-dev"),
        system("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
        system("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),

        // Memory: owned bytes, handed out as spans.
        library("Bytes", settings: spans),

        // The scheduler: where long work may be interrupted.
        library("Pacing"),

        // Pure: no I/O, no clock, no thread, no `unsafe`.
        library("HTTPCore", ["Bytes"]),
        library("Caching", ["HTTPCore", "Bytes"]),
        library("Catalog", ["Bytes"]),
        library("Serving", ["Caching", "Catalog", "HTTPCore", "Bytes"]),

        // Wrappers: each knows one C library, and beside Bytes they are the only ones that may say `unsafe`.
        library("EventLoop", ["CUV", "Pacing", "Bytes"], settings: spans),
        library("HTTPParsing", ["CLLHTTP", "HTTPCore", "Bytes"], settings: spans),
        library("Upstream", ["CCurl", "EventLoop", "HTTPParsing", "HTTPCore", "Bytes"], settings: spans),
        library("JSONDocument", ["CYYJSON", "Bytes"], settings: spans),
        library("Compression", ["CZlib", "CBrotli", "Pacing", "Bytes"], settings: spans),
        library("Digest", ["CCrypto", "Pacing", "Bytes"], settings: spans),
        library("Store", ["CSQLite", "Pacing", "Bytes"], settings: spans),

        // The parts of the page, compiled in; its Swift is a list of their names.
        .target(
            name: "Page", resources: [.embedInCode("Parts")], swiftSettings: house),

        // Composition.
        library(
            "Daemon",
            [
                "Serving", "Caching", "Catalog", "HTTPCore", "EventLoop", "HTTPParsing", "Upstream", "JSONDocument",
                "Compression", "Digest", "Page", "Store", "Pacing", "Bytes",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "TOMLKit", package: "TOMLKit"),
            ]),
        .executableTarget(
            name: "larder",
            dependencies: ["Daemon", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: house),

        // Tests: one target for each target, and what they share.
        .target(name: "TestSupport", dependencies: ["Bytes"], path: "Tests/TestSupport", swiftSettings: spans),
        tests("TestSupportTests", ["TestSupport"]),
        tests("BytesTests", ["Bytes"]),
        tests("PacingTests", ["Pacing", "TestSupport"]),
        tests("HTTPCoreTests", ["HTTPCore", "Bytes"]),
        tests("CachingTests", ["Caching", "HTTPCore", "Bytes"]),
        tests("CatalogTests", ["Catalog", "JSONDocument", "Bytes", "TestSupport"]),
        tests("ServingTests", ["Serving", "Caching", "Catalog", "HTTPCore", "Bytes", "TestSupport"]),
        tests("EventLoopTests", ["EventLoop", "Bytes", "TestSupport"]),
        tests("HTTPParsingTests", ["HTTPParsing", "HTTPCore", "Bytes"]),
        tests(
            "UpstreamTests",
            ["Upstream", "Compression", "EventLoop", "HTTPParsing", "HTTPCore", "Bytes", "TestSupport"]),
        tests("JSONDocumentTests", ["JSONDocument", "Bytes"]),
        tests("CompressionTests", ["Compression", "Bytes", "TestSupport"]),
        tests("DigestTests", ["Digest", "Bytes"]),
        // A process that keeps records, for what only a process can suffer: a full disk, a read-only mount, kill -9.
        .executableTarget(
            name: "StoreTool", dependencies: ["Store", "Bytes", "TestSupport"], path: "Tests/StoreTool",
            swiftSettings: house),
        tests("StoreTests", ["Store", "StoreTool", "Bytes", "TestSupport"]),
        tests(
            "DaemonTests",
            [
                "Daemon", "Serving", "Caching", "Catalog", "Upstream", "Store", "JSONDocument", "Digest",
                "EventLoop", "HTTPCore", "Bytes", "TestSupport",
            ]),

        // What the fuzzers check of an input, and the kept inputs as a test.
        .target(
            name: "FuzzChecks",
            dependencies: ["Daemon", "Catalog", "JSONDocument", "HTTPParsing", "HTTPCore", "Bytes", "TestSupport"],
            path: "Tests/Fuzzing/Checks", swiftSettings: house),
        .testTarget(
            name: "FuzzReplayTests", dependencies: ["FuzzChecks"], path: "Tests/Fuzzing/Replay", swiftSettings: house),
    ] + (isFuzzing ? fuzzers : []),
    swiftLanguageModes: [.v6]
)
