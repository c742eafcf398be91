// swift-tools-version: 6.2
import PackageDescription

/// Applied to every Swift target, so that one module is never stricter than another.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let real = Target.Dependency.product(name: "RealModule", package: "swift-numerics")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let nio = ["NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket"].map {
    Target.Dependency.product(name: $0, package: "swift-nio")
}
let tls = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
/// The event that a TLS handshake is over.
let handshakes = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let hummingbird = ["Hummingbird", "HummingbirdCore"].map {
    Target.Dependency.product(name: $0, package: "hummingbird")
}
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// A layer: what it is called, the only modules of ours that it may import, and what it takes from
/// outside. The picture is in README.md; Tests/TidyTests keeps it true.
func layer(_ name: String, on below: [String] = [], using packages: [Target.Dependency] = [])
    -> Target
{
    .target(
        name: name, dependencies: below.map { .target(name: $0) } + packages,
        swiftSettings: settings)
}

/// The tests of a layer, or of the whole. They may import more than the layer may: a test stands above.
func tests(
    _ name: String, ofWhole: Bool = false, on more: [String] = [],
    using packages: [Target.Dependency] = [], excluding: [String] = []
) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: ((ofWhole ? [] : [name]) + more).map { .target(name: $0) } + packages,
        exclude: excluding, swiftSettings: settings)
}

let package = Package(
    name: "dstune",
    products: [.executable(name: "dstune", targets: ["dstune"])],
    dependencies: [
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        // Without its configuration reader: ours is HOCON.
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1",
            traits: ["FullFoundation"]),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        .target(name: "CRocks", linkerSettings: [.linkedLibrary("rocksdb")]),
        .systemLibrary(name: "CJemalloc", providers: [.apt(["libjemalloc-dev"])]),
        .systemLibrary(name: "CThread"),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CSnappy", providers: [.apt(["libsnappy-dev"])]),

        layer("Measure", using: [histogram, real]),
        layer("HOCON"),
        layer("Knobs", on: ["Measure", "HOCON"]),
        layer("MQTT"),
        layer("Layout", on: ["MQTT", "Measure"], using: [crypto]),
        layer(
            "Traffic",
            on: [
                "Layout", "Knobs", "HOCON", "MQTT", "Measure", "CZlib", "CZstd", "CSnappy",
            ], using: [crypto]),
        layer(
            "Storage", on: ["Layout", "CRocks", "Knobs", "HOCON", "MQTT", "Measure"],
            using: [crypto]),
        layer("Broker", on: ["MQTT", "Layout", "Storage", "Measure"]),
        layer(
            "Server",
            on: [
                "Broker", "MQTT", "Layout", "Storage", "Knobs", "HOCON", "Measure", "CJemalloc",
            ],
            using: nio + hummingbird + [tls, logging, crypto, cryptoExtras]),
        layer("Tap", on: ["Traffic", "MQTT", "Measure"], using: nio),
        layer(
            "Replay", on: ["Traffic", "MQTT", "Measure", "CZlib", "CThread"],
            using: nio + [tls, handshakes]),
        layer("Study", on: ["Knobs", "HOCON", "Measure"], using: [grdb, subprocess, system]),
        layer(
            "Trial",
            on: [
                "Study", "Replay", "Broker", "Storage", "Layout", "Traffic", "Knobs", "HOCON",
                "MQTT", "Measure", "CJemalloc",
            ]),
        layer("Advisor", on: ["Study", "Knobs", "HOCON", "Measure"]),
        layer(
            "Report", on: ["Advisor", "Study", "Knobs", "Measure"], using: [subprocess, system]),
        .executableTarget(
            name: "dstune",
            dependencies: [
                "Report", "Advisor", "Study", "Trial", "Replay", "Server", "Tap", "Traffic",
                "Storage", "Layout",
                "Knobs", "HOCON",
                "Measure", logging, arguments,
            ], swiftSettings: settings),

        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .target(
            name: "StudyFixtures", dependencies: ["Study", "Knobs", "Measure"],
            path: "Tests/StudyFixtures", swiftSettings: settings),
        tests("Measure"),
        tests("HOCON", on: ["Measure"]),
        tests("Knobs", on: ["HOCON", "Measure"], excluding: ["Golden"]),
        tests("MQTT", on: ["Measure"]),
        tests("Layout", on: ["MQTT", "Measure"], using: [crypto]),
        tests(
            "Traffic",
            on: [
                "Layout", "Knobs", "HOCON", "MQTT", "Measure", "CZlib", "CZstd", "CSnappy",
                "TestSupport",
            ],
            using: [crypto], excluding: ["Clients"]),
        tests("Storage", on: ["Layout", "MQTT", "Knobs", "HOCON", "Measure", "TestSupport"]),
        tests("Broker", on: ["Storage", "Layout", "Knobs", "MQTT", "Measure", "TestSupport"]),
        tests(
            "Server",
            on: [
                "Broker", "Storage", "Layout", "Knobs", "HOCON", "MQTT", "Measure", "TestSupport",
            ],
            using: nio + [tls, logging], excluding: ["Clients"]),
        tests("Tap", on: ["Traffic", "MQTT", "Measure", "TestSupport"], using: nio),
        tests(
            "Replay",
            on: [
                "Traffic", "Server", "Storage", "Knobs", "MQTT", "Measure", "CZlib", "TestSupport",
            ],
            using: nio),
        tests("Study", on: ["StudyFixtures", "TestSupport", "Knobs", "Measure"], using: [grdb]),
        tests(
            "Trial",
            on: [
                "Replay", "Broker", "Storage", "Layout", "Study", "Traffic", "Knobs", "HOCON",
                "MQTT",
                "Measure", "TestSupport",
            ]),
        tests("Advisor", on: ["StudyFixtures", "Study", "Knobs", "HOCON", "Measure"]),
        tests(
            "Report",
            on: ["StudyFixtures", "TestSupport", "Advisor", "Study", "Knobs", "Measure"],
            excluding: ["Golden"]),
        tests("Tidy", ofWhole: true, on: ["TestSupport"]),
        tests(
            "EndToEnd", ofWhole: true,
            on: ["dstune", "Traffic", "Storage", "HOCON", "MQTT", "Measure", "TestSupport"],
            excluding: ["Captures"]),
    ],
    swiftLanguageModes: [.v6]
)
