// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "plugin",
    dependencies: [
        .package(path: "lib/OstlerPluginKit")
    ],
    targets: [
        .executableTarget(
            name: "plugin",
            dependencies: ["OstlerPluginKit"],
            // A sandbox has no Swift runtime: the program brings its own.
            linkerSettings: [.unsafeFlags(["-static-executable"])]
        )
    ]
)
