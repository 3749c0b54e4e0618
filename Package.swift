// swift-tools-version: 6.2
import PackageDescription

/// The same for every target: the strictest Swift there is, and no warning survives.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
]

let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let flyingFox = Target.Dependency.product(name: "FlyingFox", package: "FlyingFox")
let flyingSocks = Target.Dependency.product(name: "FlyingSocks", package: "FlyingFox")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "jeton",
    // For Tests/Fuzz, which is a package of its own.
    products: ["Agent", "JetonAPI", "MatrixClient", "RPCServer", "Vault"].map { .library(name: $0, targets: [$0]) },
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // 0: C libraries as they are.
        .systemLibrary(name: "CEpoll"),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CSwiftConcurrency"),
        // What keeps a process's memory to itself. The C part replaces `free`, in whatever links it.
        .target(name: "CPrivacy"),
        library("Privacy", ["CPrivacy", systemPackage]),
        // How other programs are started.
        library("Processes", [systemPackage]),
        // 1: values.
        library("JetonAPI", ["Privacy"]),
        // 2: one outside world each, ignorant of one another.
        library("Systemd", ["CSystemd", logging, systemPackage]),
        library(
            "MatrixClient",
            ["JetonAPI", "Privacy", asyncHTTPClient, nioCore, nioHTTP1, nioPosix, nioSSL, systemPackage]
        ),
        library("TaskPlacement", ["CSwiftConcurrency", nioCore, nioPosix]),
        library("RPCClient", ["JetonAPI", systemPackage]),
        library("QRCode"),
        library("JournalReader", ["JetonAPI", systemPackage]),
        library("Vault", ["JetonAPI", "Privacy", crypto, systemPackage]),
        library("SSOCallback", ["JetonAPI", nioCore, nioHTTP1, nioPosix]),
        library("Assuan", ["JetonAPI", "Processes", systemPackage]),
        library("Prompting", ["JetonAPI", nioCore, nioPosix]),
        library("Activation", ["JetonAPI", "Privacy", "Systemd"]),
        library("RPCServer", ["CEpoll", "JetonAPI", "Privacy", lifecycle, nioPosix, systemPackage]),
        // 3: the rules.
        library("Agent", ["JetonAPI", "MatrixClient", "SSOCallback", "Vault", logging]),
        // 4: programs.
        program(
            "jeton",
            ["JetonAPI", "JournalReader", "Privacy", "Processes", "QRCode", "RPCClient", argumentParser, systemPackage]
        ),
        program(
            "jetond",
            [
                "Agent", "JetonAPI", "MatrixClient", "Privacy", "Prompting", "RPCServer", "SSOCallback", "Systemd",
                "TaskPlacement", "Vault",
                argumentParser,
                lifecycle,
                logging,
                nioCore, nioPosix, systemPackage, unixSignals,
            ]
        ),
        program(
            "jeton-session",
            ["JetonAPI", "MatrixClient", "Privacy", "Processes", argumentParser, nioPosix, systemPackage, unixSignals]
        ),
        program("jeton-prompt", ["Activation", "Assuan", "JetonAPI", "Systemd", argumentParser]),
        program("jeton-desktop", ["Activation", "JetonAPI", "RPCClient", "Systemd", argumentParser]),
        program("jeton-keyring", ["Activation", "JetonAPI", "Systemd", argumentParser]),
        program("jeton-demo", ["DevHomeserver", "JetonAPI", "MatrixClient", nioPosix, subprocess, systemPackage]),
        // For the demonstration and the tests.
        library("DevHomeserver", [flyingFox, flyingSocks]),
        .target(
            name: "TestSupport",
            dependencies: ["DevHomeserver", "JetonAPI", "RPCClient", subprocess, systemPackage],
            path: "Tests/TestSupport",
            exclude: [
                "browser", "connect-on-and-on", "desktop", "desktop-client", "fake-keyring", "fake-notifier",
                "fake-pinentry", "fake-portal", "hold-thread", "on-terminal", "peek", "sandbox-probe", "screenshot",
                "sign-in", "step-by-step", "waiting-client",
            ],
            swiftSettings: settings
        ),
        tests(
            "AgentTests",
            ["Agent", "DevHomeserver", "JetonAPI", "MatrixClient", "SSOCallback", "Vault", logging, nioPosix]
        ),
        tests("AssuanTests", ["Assuan", "JetonAPI"]),
        tests("DevHomeserverTests", ["DevHomeserver", flyingSocks]),
        tests("ProgramTests", ["DevHomeserver", "JetonAPI", "RPCClient", "TestSupport"]),
        tests("ServiceTests", ["DevHomeserver", "JetonAPI", "TestSupport"]),
        tests("JetonAPITests", ["JetonAPI"]),
        tests("JournalReaderTests", ["JetonAPI", "JournalReader"]),
        tests("PrivacyTests", ["Privacy"]),
        tests("QRCodeTests", ["QRCode"]),
        tests("RPCServerTests", ["JetonAPI", "RPCServer", "TestSupport"]),
        tests("SSOCallbackTests", ["JetonAPI", "SSOCallback", "TestSupport", nioPosix]),
        tests("SystemdTests", ["Systemd", logging, systemPackage]),
        tests(
            "MatrixClientTests",
            ["DevHomeserver", "JetonAPI", "MatrixClient", "TestSupport", nioCore, nioHTTP1, nioPosix, nioSSL]
        ),
        tests("VaultTests", ["JetonAPI", "Privacy", "Vault"]),
    ]
)
