// swift-tools-version: 6.2
import PackageDescription

/// Whether the fuzzers are built, which scripts/fuzz asks for. Every target is then compiled so that libFuzzer sees the way
/// that an input takes through it.
let isFuzzing = Context.environment["FUZZING"] != nil

/// The first seven hex digits of the commit that is built, for `larder --version`. They come from the environment, which
/// `make ship` and the Dockerfile set. So the same sources and the same environment give the same program, with or without
/// git, and a plain `swift build` is not repeated because of a commit.
let commit = Context.environment["BUILD_COMMIT"].map { $0.prefix(7) }.flatMap { digits in
    digits.count == 7 && digits.allSatisfy { $0.isASCII && $0.isHexDigit } ? String(digits) : nil
}

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

/// Libraries, and what tests compare them with, are optimized in debug builds too, and keep their assertions there:
/// the tests then run faster. For a debugger, build with `-Xswiftc -Onone`.
let optimized: [SwiftSetting] = [
    .unsafeFlags(["-O", "-assert-config", "Debug"], .when(configuration: .debug))
]

func library(_ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = house) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings + optimized)
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
        // Exact versions, so that a build today and one in a year have the same sources.
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
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
        // Linked statically, since Debian 12 and 13 have versions whose interfaces differ. Its pkg-config file sets a macro,
        // which SwiftPM warns of.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),

        // Memory: owned bytes, handed out as spans.
        library("Bytes", settings: spans),

        // Threads: a mutex, names, and where long work lets others have the core.
        .systemLibrary(name: "CThreads"),
        library("Threads", ["CThreads"]),

        // What the program was built from.
        .systemLibrary(name: "CBuild"),

        // Pure: no I/O, no clock, no thread, no `unsafe`.
        library("HTTPCore", ["Bytes"]),
        library("Caching", ["HTTPCore", "Bytes"]),
        library("Catalog", ["Bytes"]),
        library("History", ["Catalog", "Bytes"]),
        library("TOML", ["Bytes"]),
        library("Serving", ["Caching", "Catalog", "HTTPCore", "Bytes"]),
        library("Metrics", ["Serving", "HTTPCore", "Bytes"]),
        library("Fleet", ["Bytes"]),

        // Wrappers: each knows one C library, and beside Bytes they are the only ones that may say `unsafe`.
        library("EventLoop", ["CUV", "Threads", "Bytes"], settings: spans),
        library("HTTPParsing", ["CLLHTTP", "HTTPCore", "Bytes"], settings: spans),
        library("HTTPClient", ["CCurl", "EventLoop", "HTTPParsing", "HTTPCore", "Bytes"], settings: spans),
        library("JSONDocument", ["CYYJSON", "Bytes"], settings: spans),
        library("Compression", ["CZlib", "CBrotli", "Threads", "Bytes"], settings: spans),
        library("Digest", ["CCrypto", "Threads", "Bytes"], settings: spans),
        library("Store", ["CSQLite", "Threads", "Bytes"], settings: spans),
        library("Engine", ["CHiredis", "Fleet", "HTTPClient", "EventLoop", "Bytes"], settings: spans),

        // The parts of the page, compiled in; its Swift is a list of their names.
        .target(
            name: "Page", resources: [.embedInCode("Parts")], swiftSettings: house),

        // Parts of the program, each on its own.
        library("CatalogJSON", ["Catalog", "JSONDocument", "Threads", "Bytes"]),
        library("Settings", ["TOML", "Fleet", "Caching", "Catalog", "EventLoop", "Bytes"]),
        library(
            "Demo",
            ["CatalogJSON", "Catalog", "HTTPClient", "HTTPParsing", "HTTPCore", "EventLoop", "JSONDocument", "Bytes"]),
        library(
            "Persistence",
            [
                "Store", "Fetching", "CatalogJSON", "Serving", "History", "Caching", "Catalog", "HTTPCore", "Digest",
                "EventLoop", "Threads", "Bytes",
            ]),
        library(
            "Fetching",
            [
                "HTTPClient", "Compression", "CatalogJSON", "Serving", "Caching", "Catalog", "HTTPCore", "JSONDocument",
                "Digest", "Threads", "Bytes",
            ]),
        library("FleetService", ["Settings", "Engine", "Fleet", "Digest", "EventLoop", "Threads", "Bytes"]),
        library(
            "Commands",
            [
                "Settings", "FleetService", "Fetching", "CatalogJSON", "HTTPClient", "HTTPCore", "History", "Catalog",
                "EventLoop", "JSONDocument", "Bytes",
            ]),

        // Composition.
        library(
            "Daemon",
            [
                "Settings", "Demo", "FleetService", "Fleet", "Fetching", "Persistence", "CatalogJSON", "Serving",
                "Metrics", "History", "Caching",
                "Catalog", "HTTPCore", "EventLoop",
                "HTTPParsing", "HTTPClient", "JSONDocument", "Compression", "Digest", "Page", "Store", "Threads",
                "Bytes",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "larder",
            dependencies: [
                "CBuild", "Daemon", "Commands", "Settings", "Bytes",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: house + (commit.map { [.unsafeFlags(["-Xcc", "-DLARDER_COMMIT=0x\($0)"])] } ?? []),
            // All functions of libraries are looked up at the start, so that the table of their addresses is read-only from
            // then on.
            linkerSettings: [
                .unsafeFlags(["relro", "now"].flatMap { ["-Xlinker", "-z", "-Xlinker", $0] })
            ]),

        // Tests: one target for each target, and what they share.
        .target(
            name: "TestSupport", dependencies: ["Threads", "Bytes"], path: "Tests/TestSupport",
            swiftSettings: spans + optimized),
        tests("TestSupportTests", ["TestSupport"]),
        tests("BytesTests", ["Bytes", "TestSupport"]),
        tests("ThreadsTests", ["Threads", "TestSupport"]),
        tests("HTTPCoreTests", ["HTTPCore", "Bytes"]),
        tests("CachingTests", ["Caching", "HTTPCore", "Bytes"]),
        tests("CatalogTests", ["Catalog", "JSONDocument", "Bytes", "TestSupport"]),
        // A second, plainly written comparison of catalogues.
        .target(
            name: "HistoryReference", dependencies: ["History", "JSONDocument", "Bytes", "TestSupport"],
            path: "Tests/HistoryReference", swiftSettings: house + optimized),
        tests(
            "HistoryTests",
            ["History", "HistoryReference", "Catalog", "CatalogJSON", "JSONDocument", "Bytes", "TestSupport"]),
        tests("TOMLTests", ["TOML", "TestSupport"]),
        tests("ServingTests", ["Serving", "Caching", "Catalog", "HTTPCore", "Bytes", "TestSupport"]),
        tests("MetricsTests", ["Metrics", "Serving", "HTTPCore", "Bytes", "TestSupport"]),
        // Whole fleets on virtual time, for FleetTests and for scripts/simulate.
        .target(
            name: "FleetSimulation", dependencies: ["Fleet", "TestSupport"], path: "Tests/FleetSimulation",
            swiftSettings: house + optimized),
        // One Larder for a week of virtual time, for WeekTests and for scripts/simulate --week.
        .target(
            name: "WeekSimulation",
            dependencies: [
                "Persistence", "Fetching", "HTTPClient", "HTTPParsing", "Serving", "Caching", "Catalog", "HTTPCore",
                "Bytes", "TestSupport",
            ],
            path: "Tests/WeekSimulation", swiftSettings: house + optimized),
        .executableTarget(
            name: "simulate", dependencies: ["FleetSimulation", "WeekSimulation"], path: "Tests/Simulate",
            swiftSettings: house),
        tests("FleetTests", ["Fleet", "FleetSimulation"]),
        tests("WeekTests", ["WeekSimulation"]),
        tests("EngineTests", ["Engine", "Fleet", "EventLoop", "Bytes", "TestSupport"]),
        tests("FleetServiceTests", ["FleetService", "Engine", "Fleet", "Digest", "TestSupport"]),
        tests("EventLoopTests", ["EventLoop", "Threads", "Bytes", "TestSupport"]),
        tests("HTTPParsingTests", ["HTTPParsing", "HTTPCore", "Bytes"]),
        tests(
            "HTTPClientTests",
            ["HTTPClient", "EventLoop", "HTTPParsing", "HTTPCore", "Threads", "Bytes", "TestSupport"]),
        tests("JSONDocumentTests", ["JSONDocument", "Bytes"]),
        tests("CompressionTests", ["Compression", "Bytes", "TestSupport"]),
        tests("DigestTests", ["Digest", "Bytes"]),
        tests("CatalogJSONTests", ["CatalogJSON", "Catalog", "JSONDocument", "Threads", "Bytes", "TestSupport"]),
        tests("SettingsTests", ["Settings", "Caching", "Catalog", "EventLoop", "Bytes", "TestSupport"]),
        tests("DemoTests", ["Demo", "Catalog", "TestSupport"]),
        tests(
            "FetchingTests",
            [
                "Fetching", "Persistence", "CatalogJSON", "Compression", "HTTPClient", "Serving", "Caching", "Catalog",
                "HTTPCore", "Bytes",
                "TestSupport",
            ]),
        tests(
            "PersistenceTests",
            [
                "Persistence", "Fetching", "Store", "Serving", "History", "HistoryReference", "Caching", "Catalog",
                "CatalogJSON", "JSONDocument", "HTTPCore", "Threads", "Bytes", "TestSupport",
            ]),
        tests(
            "CommandsTests",
            [
                "Commands", "Settings", "HTTPClient", "Catalog", "CatalogJSON", "JSONDocument", "HTTPCore", "Bytes",
                "TestSupport",
            ]),
        // A process that keeps records, for what only a process can suffer: a full disk, a read-only mount, kill -9.
        .executableTarget(
            name: "StoreTool", dependencies: ["Store", "Bytes", "TestSupport"], path: "Tests/StoreTool",
            swiftSettings: house),
        tests("StoreTests", ["Store", "StoreTool", "Bytes", "TestSupport"]),
        tests(
            "DaemonTests",
            [
                "Daemon", "Commands", "Settings", "Demo", "Fetching", "Persistence", "CatalogJSON", "Serving",
                "Metrics", "History", "HistoryReference", "FleetService", "Fleet",
                "Caching", "Catalog", "HTTPClient", "Store", "JSONDocument", "Digest", "Compression", "EventLoop",
                "HTTPCore", "Threads", "Bytes", "TestSupport",
            ]),

        // What the fuzzers check of an input, and the kept inputs as a test.
        .target(
            name: "FuzzChecks",
            dependencies: [
                "CatalogJSON", "Catalog", "JSONDocument", "HTTPParsing", "HTTPCore", "TOML", "Engine", "Fleet", "Bytes",
                "TestSupport",
            ],
            path: "Tests/Fuzzing/Checks", swiftSettings: house),
        .testTarget(
            name: "FuzzReplayTests", dependencies: ["FuzzChecks"], path: "Tests/Fuzzing/Replay", swiftSettings: house),
    ] + (isFuzzing ? fuzzers : []),
    swiftLanguageModes: [.v6]
)
