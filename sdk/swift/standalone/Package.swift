// swift-tools-version: 6.2
// OstlerPluginKit and what it is made of, by themselves: nothing else has to be there to build a plugin.
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
let cSettings: [CSetting] = [.define("_GNU_SOURCE")]

let package = Package(
    name: "OstlerPluginKit",
    products: [
        .library(name: "OstlerPluginKit", targets: ["OstlerPluginKit", "OstlerJSON"])
    ],
    targets: [
        .target(name: "COstlerLaunchClient", cSettings: cSettings),
        .target(name: "COstlerShims", cSettings: cSettings),
        .target(name: "OstlerJSON", swiftSettings: swiftSettings),
        .target(name: "OstlerProtocol", dependencies: ["OstlerJSON"], swiftSettings: swiftSettings),
        .target(
            name: "OstlerPluginWire",
            dependencies: ["COstlerShims", "OstlerJSON", "OstlerProtocol"],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "OstlerPluginKit",
            dependencies: ["COstlerLaunchClient", "COstlerShims", "OstlerJSON", "OstlerPluginWire", "OstlerProtocol"],
            swiftSettings: swiftSettings
        ),
    ]
)
