// swift-tools-version: 6.2
// Formatting rules for this file: targets from the bottom layer to the top, one dependency a line, sorted.
// A dependency points down only; `--explicit-target-dependency-import-check error` proves it at each build.
import PackageDescription

/// Whether scripts/fuzz builds: code that is optimised across modules tells nothing of its coverage.
let isFuzzing = Context.environment["OSTLER_FUZZ"] != nil

/// Who may touch what on the loop is proven at build time, and tests are built with the checks of access at run time; to
/// ask again at each closure and each access costs a tenth.
let releaseSettings: [SwiftSetting] = [
    .unsafeFlags(
        [
            "-cross-module-optimization", "-enforce-exclusivity=unchecked", "-Xfrontend",
            "-disable-dynamic-actor-isolation",
        ],
        .when(configuration: .release)
    )
]

let swiftSettings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ] + (isFuzzing ? [] : releaseSettings)

let cSettings: [CSetting] = [
    .define("_GNU_SOURCE"),
    .unsafeFlags(["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]),
]

/// The launcher is linked statically and without Swift's runtime: what it forks must be small.
let launcherLinkerSettings: [LinkerSetting] = [
    .unsafeFlags(["-static-stdlib", "-nostartfiles", "-Xclang-linker", "-static", "-Xclang-linker", "-no-pie"])
]

/// Half of the time of a short command would be the loading of shared libraries. Debug builds stay dynamic: they link
/// faster, and sanitizers want it.
let programLinkerSettings: [LinkerSetting] = [
    .unsafeFlags(["-static-executable"], .when(configuration: .release))
]

/// Plugins carry Swift's runtime, which is not there inside a sandbox.
let pluginLinkerSettings: [LinkerSetting] = [
    .unsafeFlags(["-static-executable"])
]

/// What loads libraries cannot be static itself, but it brings Swift's runtime along.
let shimLinkerSettings: [LinkerSetting] = [
    .unsafeFlags(["-static-stdlib"])
]

/// A module in Swift with nothing special about it: its name, then what it depends on.
func module(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

let package = Package(
    name: "ostler",
    products: [
        .executable(name: "ostler", targets: ["ostler"]),
        .executable(name: "ostler-launch", targets: ["ostler-launch"]),
        .executable(name: "ostler-plugin-command", targets: ["ostler-plugin-command"]),
        .executable(name: "ostler-shim", targets: ["ostler-shim"]),
        .executable(name: "ostler-bench", targets: ["ostler-bench"]),
        .library(name: "OstlerPluginKit", targets: ["OstlerPluginKit", "OstlerJSON"]),
    ],
    targets: [
        // Layer 0: knows nothing of its surroundings.
        .systemLibrary(name: "CLibYAML", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CNettle", providers: [.apt(["nettle-dev"])]),
        .systemLibrary(name: "COstlerExecutor"),
        .systemLibrary(name: "COstlerFFI", providers: [.apt(["libffi-dev"])]),
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CSodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "COstlerLaunch", cSettings: cSettings),
        .target(name: "COstlerShims", cSettings: cSettings),
        .target(name: "OstlerJSON", swiftSettings: swiftSettings),
        module(
            "OstlerCommandLine",
            "OstlerJSON"
        ),
        module(
            "OstlerForeign",
            "OstlerJSON"
        ),
        module(
            "OstlerProtocol",
            "OstlerJSON"
        ),
        module(
            "OstlerSchema",
            "OstlerJSON"
        ),

        // What plugins are made with: nothing of the host, and nothing that has to be installed.
        .target(
            name: "COstlerLaunchClient",
            path: "sdk/c/launch",
            cSettings: cSettings + [.headerSearchPath("../../../Sources/COstlerLaunch/include")]
        ),
        module(
            "OstlerPluginWire",
            "COstlerShims",
            "OstlerJSON",
            "OstlerProtocol"
        ),
        .target(
            name: "OstlerPluginKit",
            dependencies: [
                "COstlerLaunchClient",
                "COstlerShims",
                "OstlerJSON",
                "OstlerPluginWire",
                "OstlerProtocol",
            ],
            path: "sdk/swift/Sources/OstlerPluginKit",
            swiftSettings: swiftSettings
        ),

        // Layer 1: the machine; the life of a task.
        .target(
            name: "OstlerSystem",
            dependencies: [
                "CNettle",
                "COstlerShims",
            ],
            swiftSettings: swiftSettings,
            linkerSettings: [.linkedLibrary(":libnettle.a")]
        ),
        module(
            "OstlerLaunchWire",
            "COstlerLaunch",
            "COstlerShims",
            "OstlerSystem"
        ),
        module(
            "OstlerTasks",
            "OstlerJSON",
            "OstlerProtocol"
        ),

        module(
            "OstlerTelemetry",
            "OstlerJSON",
            "OstlerProtocol",
            "OstlerTasks"
        ),

        // Layer 2: what is configured, what is installed, what is fenced.
        .target(
            name: "OstlerConfig",
            dependencies: [
                "CLibYAML",
                "OstlerJSON",
                "OstlerSystem",
            ],
            swiftSettings: swiftSettings,
            // The static one, by its file name: what is installed must not need a package of the machine.
            linkerSettings: [.linkedLibrary(":libyaml.a")]
        ),
        module(
            "OstlerSandbox",
            "COstlerLaunch",
            "COstlerShims",
            "OstlerJSON",
            "OstlerLaunchWire",
            "OstlerProtocol",
            "OstlerSystem"
        ),
        .target(
            name: "OstlerTrust",
            dependencies: [
                "CSodium",
                "CZlib",
                "OstlerConfig",
                "OstlerJSON",
                "OstlerSystem",
            ],
            swiftSettings: swiftSettings,
            linkerSettings: [.linkedLibrary(":libsodium.a"), .linkedLibrary(":libz.a")]
        ),
        module(
            "OstlerCatalog",
            "OstlerConfig",
            "OstlerForeign",
            "OstlerJSON",
            "OstlerProtocol",
            "OstlerSchema",
            "OstlerSystem",
            "OstlerTrust"
        ),

        .target(
            name: "OstlerStore",
            dependencies: [
                "CSQLite",
                "OstlerJSON",
                "OstlerProtocol",
                "OstlerSystem",
                "OstlerTasks",
            ],
            swiftSettings: swiftSettings,
            linkerSettings: [.linkedLibrary(":libsqlite3.a"), .linkedLibrary("m")]
        ),

        module(
            "OstlerResources",
            "OstlerConfig",
            "OstlerJSON",
            "OstlerProtocol",
            "OstlerSystem",
            "OstlerTasks"
        ),

        // Layer 3: the host.
        module(
            "OstlerHost",
            "OstlerCatalog",
            "OstlerConfig",
            "OstlerJSON",
            "OstlerProtocol",
            "OstlerSandbox",
            "OstlerSchema",
            "OstlerSystem",
            "OstlerTasks",
            "OstlerTelemetry",
            "OstlerTrust"
        ),

        module(
            "OstlerApply",
            "COstlerShims",
            "OstlerConfig",
            "OstlerHost",
            "OstlerProtocol",
            "OstlerResources",
            "OstlerSystem",
            "OstlerTasks",
            "OstlerTelemetry"
        ),

        module(
            "OstlerWorker",
            "COstlerShims",
            "OstlerCatalog",
            "OstlerConfig",
            "OstlerHost",
            "OstlerJSON",
            "OstlerProtocol",
            "OstlerSandbox",
            "OstlerStore",
            "OstlerSystem",
            "OstlerTasks"
        ),

        module(
            "OstlerConformance",
            "OstlerCatalog",
            "OstlerConfig",
            "OstlerHost",
            "OstlerJSON",
            "OstlerProtocol",
            "OstlerSandbox",
            "OstlerSchema",
            "OstlerSystem",
            "OstlerTasks",
            "OstlerTelemetry",
            "OstlerTrust"
        ),

        // Layer 4: what a person types.
        module(
            "OstlerCommands",
            "COstlerShims",
            "OstlerApply",
            "OstlerCatalog",
            "OstlerCommandLine",
            "OstlerConfig",
            "OstlerConformance",
            "OstlerHost",
            "OstlerJSON",
            "OstlerProtocol",
            "OstlerResources",
            "OstlerSandbox",
            "OstlerSchema",
            "OstlerStore",
            "OstlerSystem",
            "OstlerTasks",
            "OstlerTelemetry",
            "OstlerTrust",
            "OstlerWorker"
        ),

        // Layer 5: programs.
        .executableTarget(
            name: "ostler",
            dependencies: [
                "OstlerCommands"
            ],
            swiftSettings: swiftSettings,
            linkerSettings: programLinkerSettings
        ),
        .executableTarget(
            name: "ostler-launch",
            dependencies: [
                "COstlerLaunch"
            ],
            cSettings: cSettings,
            linkerSettings: launcherLinkerSettings
        ),
        .target(
            name: "OstlerCommandPlugin",
            dependencies: [
                "COstlerLaunch",
                "COstlerShims",
                "OstlerJSON",
                "OstlerLaunchWire",
                "OstlerPluginWire",
                "OstlerProtocol",
                "OstlerSystem",
            ],
            path: "Plugins/command",
            exclude: ["README.md", "main", "plugin.yaml"],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "ostler-plugin-command",
            dependencies: [
                "OstlerCommandPlugin"
            ],
            path: "Plugins/command/main",
            swiftSettings: swiftSettings,
            linkerSettings: pluginLinkerSettings
        ),
        .target(
            name: "OstlerShim",
            dependencies: [
                "COstlerExecutor",
                "COstlerFFI",
                "OstlerForeign",
                "OstlerJSON",
                "OstlerPluginWire",
                "OstlerProtocol",
                "OstlerSystem",
            ],
            swiftSettings: swiftSettings,
            // The static one that can be part of a program which moves in memory, by its file name.
            linkerSettings: [.linkedLibrary(":libffi_pic.a")]
        ),
        .executableTarget(
            name: "ostler-shim",
            dependencies: [
                "OstlerShim"
            ],
            swiftSettings: swiftSettings,
            linkerSettings: shimLinkerSettings
        ),
        // The examples of the SDK, as their own packages build them.
        .executableTarget(
            name: "ostler-example-hello",
            dependencies: [
                "OstlerPluginKit"
            ],
            path: "sdk/swift/examples/hello/Sources/hello",
            swiftSettings: swiftSettings,
            linkerSettings: pluginLinkerSettings
        ),
        .executableTarget(
            name: "ostler-example-runner",
            dependencies: [
                "OstlerPluginKit"
            ],
            path: "sdk/swift/examples/runner/Sources/runner",
            swiftSettings: swiftSettings,
            linkerSettings: pluginLinkerSettings
        ),
        .executableTarget(
            name: "ostler-bench-echo",
            dependencies: [
                "OstlerPluginKit"
            ],
            path: "scripts/benchmarks/echo/swift",
            swiftSettings: swiftSettings,
            linkerSettings: pluginLinkerSettings
        ),
        .executableTarget(
            name: "ostler-bench",
            dependencies: [
                "OstlerCatalog",
                "OstlerConfig",
                "OstlerHost",
                "OstlerProtocol",
                "OstlerSandbox",
                "OstlerStore",
                "OstlerSystem",
                "OstlerTasks",
            ],
            swiftSettings: swiftSettings
        ),

        // Tests.
        .target(
            name: "OstlerTestSupport",
            path: "Tests/OstlerTestSupport",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "OstlerFuzzing",
            dependencies: [
                "OstlerCatalog",
                "OstlerConfig",
                "OstlerForeign",
                "OstlerJSON",
                "OstlerProtocol",
                "OstlerResources",
                "OstlerSchema",
                "OstlerTasks",
                "OstlerTrust",
            ],
            path: "Tests/OstlerFuzzing",
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerFuzzingTests",
            dependencies: ["OstlerFuzzing", "OstlerTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerJSONTests",
            dependencies: ["OstlerJSON", "OstlerTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerForeignTests",
            dependencies: ["OstlerForeign", "OstlerJSON"],
            swiftSettings: swiftSettings
        ),
        .testTarget(name: "OstlerCommandLineTests", dependencies: ["OstlerCommandLine"], swiftSettings: swiftSettings),
        .testTarget(
            name: "OstlerProtocolTests",
            dependencies: ["OstlerJSON", "OstlerProtocol", "OstlerTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerSchemaTests",
            dependencies: ["OstlerJSON", "OstlerSchema", "OstlerTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerSystemTests",
            dependencies: ["OstlerSystem", "OstlerTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerTasksTests",
            dependencies: ["OstlerJSON", "OstlerProtocol", "OstlerTasks", "OstlerTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerTelemetryTests",
            dependencies: ["OstlerJSON", "OstlerProtocol", "OstlerTasks", "OstlerTelemetry", "OstlerTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerStoreTests",
            dependencies: [
                "OstlerJSON", "OstlerProtocol", "OstlerStore", "OstlerSystem", "OstlerTasks", "OstlerTestSupport",
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerConfigTests",
            dependencies: ["OstlerConfig", "OstlerJSON", "OstlerTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerSandboxTests",
            dependencies: [
                "COstlerLaunch", "COstlerShims", "OstlerJSON", "OstlerLaunchWire", "OstlerProtocol", "OstlerSandbox",
                "OstlerSystem", "OstlerTestSupport",
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerCatalogTests",
            dependencies: [
                "OstlerCatalog", "OstlerConfig", "OstlerJSON", "OstlerProtocol", "OstlerSchema", "OstlerTestSupport",
                "OstlerTrust",
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerTrustTests",
            dependencies: ["OstlerTestSupport", "OstlerTrust"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerHostTests",
            dependencies: [
                "OstlerCatalog", "OstlerConfig", "OstlerHost", "OstlerJSON", "OstlerProtocol", "OstlerSandbox",
                "OstlerSystem", "OstlerTasks", "OstlerTelemetry", "OstlerTestSupport",
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerResourcesTests",
            dependencies: [
                "OstlerConfig", "OstlerJSON", "OstlerProtocol", "OstlerResources", "OstlerTasks", "OstlerTestSupport",
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerApplyTests",
            dependencies: ["OstlerApply", "OstlerProtocol", "OstlerResources", "OstlerTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerWorkerTests",
            dependencies: [
                "OstlerJSON", "OstlerProtocol", "OstlerStore", "OstlerTasks", "OstlerTestSupport", "OstlerWorker",
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerConformanceTests",
            dependencies: [
                "OstlerCatalog", "OstlerConfig", "OstlerConformance", "OstlerHost", "OstlerJSON", "OstlerProtocol",
                "OstlerSchema", "OstlerSystem", "OstlerTestSupport",
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerPluginKitTests",
            dependencies: ["OstlerJSON", "OstlerPluginKit", "OstlerPluginWire", "OstlerProtocol", "OstlerTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "CommandPluginTests",
            dependencies: [
                "COstlerLaunch", "OstlerJSON", "OstlerLaunchWire", "OstlerPluginWire", "OstlerProtocol", "OstlerSystem",
                "OstlerTestSupport",
                "OstlerCommandPlugin",
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "OstlerCommandsTests",
            dependencies: [
                "OstlerCommandLine", "OstlerCommands", "OstlerConfig", "OstlerJSON", "OstlerProtocol", "OstlerStore",
                "OstlerSystem", "OstlerTasks", "OstlerTelemetry", "OstlerTestSupport",
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "OstlerJSON", "OstlerProtocol", "OstlerSchema", "OstlerStore", "OstlerSystem", "OstlerTasks",
                "OstlerTestSupport",
            ],
            path: "Tests/EndToEnd",
            exclude: ["Snapshots"],
            swiftSettings: swiftSettings
        ),
    ],
    swiftLanguageModes: [.v6]
)

// The fuzzer is linked with a main program of its own and built apart from all else, by scripts/fuzz.
if isFuzzing {
    package.targets.append(
        .executableTarget(
            name: "ostler-fuzz",
            dependencies: [
                "OstlerFuzzing"
            ],
            path: "Tests/ostler-fuzz",
            swiftSettings: swiftSettings
        )
    )
}
