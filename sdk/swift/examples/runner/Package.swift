// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "runner",
    dependencies: [
        .package(name: "ostler", path: "../../../..")
    ],
    targets: [
        .executableTarget(
            name: "runner",
            dependencies: [.product(name: "OstlerPluginKit", package: "ostler")],
            // A sandbox has no Swift runtime: the program brings its own.
            linkerSettings: [.unsafeFlags(["-static-executable"])]
        )
    ]
)
