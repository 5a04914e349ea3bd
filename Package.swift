// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .enableUpcomingFeature("InferIsolatedConformances"),  // SE-0470
    .treatAllWarnings(as: .error),
]

let log = Target.Dependency.product(name: "Logging", package: "swift-log")

/// A library room of the house: `Sources/<name>` and its tests in `Tests/<name>Tests`.
///
/// - Parameter testing: What only its tests need.
func room(
    _ name: String, _ dependencies: [Target.Dependency] = [], testing: [Target.Dependency] = []
) -> [Target] {
    [
        .target(name: name, dependencies: dependencies, swiftSettings: settings),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [.target(name: name), "TestSupport"] + testing,
            swiftSettings: settings
        ),
    ]
}

/// A module map over the headers of a Debian package.
func system(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

var targets: [Target] = [
    system("CRabbitMQ", pkgConfig: "librabbitmq", apt: "librabbitmq-dev"),
    system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
    system("CLibCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
    system("CArchive", pkgConfig: "libarchive", apt: "libarchive-dev"),
    system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
    system("CLZMA", pkgConfig: "liblzma", apt: "liblzma-dev"),
    system("CPostgreSQL", pkgConfig: "libpq", apt: "libpq-dev"),
    .systemLibrary(name: "CLinux"),
]
targets += room("ImageModel")
targets += room("RabbitMQ", ["CRabbitMQ", log])
targets += room("JobMessages", ["ImageModel"])
targets += room("S3Signing", ["ImageModel", "CLibCrypto"])
targets += room("ImageProfiles", ["ImageModel"])
targets += room("ImageSource", ["ImageModel", "S3Signing", "CCurl", "CLinux"])
targets += room("ImageInspection", ["ImageModel", "CLibCrypto"])
targets += room(
    "ImageUnpacking", ["ImageModel", "ImageSource", "ImageInspection", "CArchive", "CZlib", "CLZMA"],
    testing: ["PackedImages"])
targets += room("ImageStore", ["ImageModel", "CLinux"])
targets += room("S3Store", ["ImageModel", "ImageStore", "S3Signing", "CCurl", "CLibCrypto"])
targets += room("Catalog", ["ImageModel"])
targets += room("SQLiteCatalog", ["ImageModel", "Catalog", .product(name: "GRDB", package: "GRDB.swift")])
targets += room("PostgreSQLCatalog", ["ImageModel", "Catalog", "CPostgreSQL"])
targets += [
    .target(name: "ImageConversion", dependencies: ["ImageModel", "ImageStore"], swiftSettings: settings)
]
targets += room(
    "QEMUConversion",
    [
        "ImageModel", "ImageStore", "ImageConversion",
        .product(name: "Subprocess", package: "swift-subprocess"),
    ],
    testing: ["ImageInspection"])
targets += room(
    "ImageJobs",
    [
        "ImageModel", "ImageSource", "ImageInspection", "ImageUnpacking", "ImageStore", "ImageConversion", "Catalog",
        log,
    ],
    testing: ["PackedImages", "QEMUConversion"])
targets += room(
    "Worker",
    [
        "ImageModel", "RabbitMQ", "JobMessages", "ImageProfiles", "ImageSource", "ImageInspection", "ImageStore",
        "Catalog", "ImageJobs", log, .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    ]
)
targets += room(
    "LongshoreSettings",
    [
        "ImageModel", "ImageSource", .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "Yams", package: "Yams"),
    ]
)
targets += [
    .executableTarget(
        name: "longshore", dependencies: ["LongshoreCommands"], path: "Sources/longshore/Main", swiftSettings: settings),
    // Apart from the executable, so that others can wire the very worker that it wires.
    .target(
        name: "LongshoreCommands",
        dependencies: [
            "ImageModel", "RabbitMQ", "JobMessages", "ImageProfiles", "ImageSource", "ImageInspection",
            "ImageUnpacking", "ImageStore", "S3Signing", "S3Store", "Catalog", "SQLiteCatalog", "PostgreSQLCatalog",
            "ImageConversion", "QEMUConversion", "ImageJobs", "Worker", "LongshoreSettings", "CLibCrypto", "CLinux",
            log,
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        ],
        path: "Sources/longshore",
        exclude: ["Main"],
        swiftSettings: settings
    ),
    .target(
        name: "TestSupport",
        dependencies: ["ImageModel", "ImageSource", "ImageStore", "Catalog"],
        path: "Tests/TestSupport",
        exclude: ["Simulation"],
        swiftSettings: settings
    ),
    // Packs images for tests.
    .target(
        name: "PackedImages", dependencies: ["CArchive"], path: "Tests/PackedImages", swiftSettings: settings),
    .target(
        name: "Simulation",
        dependencies: [
            "TestSupport", "ImageModel", "JobMessages", "ImageSource", "ImageStore", "Catalog", "ImageJobs", "Worker",
            "CLibCrypto", log,
        ],
        path: "Tests/TestSupport/Simulation",
        swiftSettings: settings
    ),
    .executableTarget(name: "simulate", dependencies: ["Simulation"], path: "Tests/Simulate", swiftSettings: settings),
    .testTarget(name: "SimulationTests", dependencies: ["Simulation", "ImageModel"], swiftSettings: settings),
    .systemLibrary(
        name: "CSQLite", path: "Tests/CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .executableTarget(
        name: "crash-worker",
        dependencies: [
            "CSQLite", "TestSupport", "LongshoreCommands", "LongshoreSettings", "ImageModel", "JobMessages",
            "ImageSource",
            "ImageStore", "Catalog", "Worker", log,
        ],
        path: "Tests/CrashWorker",
        swiftSettings: settings
    ),
    // Loaded before the C library by the programs of end-to-end tests.
    .target(name: "FaultySystem", path: "Tests/FaultySystem", swiftSettings: settings),
    .testTarget(
        name: "EndToEndTests",
        dependencies: [
            "TestSupport", "PackedImages", "longshore", "LongshoreCommands", "crash-worker", "ImageModel", "RabbitMQ",
            "JobMessages", "Catalog", "SQLiteCatalog", "PostgreSQLCatalog", "Worker", "CLibCrypto", log,
        ],
        swiftSettings: settings
    ),
]

let package = Package(
    name: "longshore",
    products: [
        .executable(name: "longshore", targets: ["longshore"]),
        .library(name: "RabbitMQ", targets: ["RabbitMQ"]),
        // Not for anybody else: only a product becomes a library that can be loaded.
        .library(name: "FaultySystem", type: .dynamic, targets: ["FaultySystem"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: targets
)
