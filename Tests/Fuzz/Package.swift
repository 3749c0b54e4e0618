// swift-tools-version: 6.2
import PackageDescription

// A package of its own: `--sanitize fuzzer` links libFuzzer's main, which the programs of the main package have already.

func jeton(_ name: String) -> Target.Dependency { .product(name: name, package: "jeton") }
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")

/// A fuzz target. It has no main.swift: the one function that libFuzzer calls is all.
func fuzzer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["Fuzzing", jeton("JetonAPI")] + dependencies,
        swiftSettings: [.treatAllWarnings(as: .error)]
    )
}

let package = Package(
    name: "fuzz",
    dependencies: [
        .package(name: "jeton", path: "../.."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(name: "Fuzzing", dependencies: [jeton("JetonAPI")], swiftSettings: [.treatAllWarnings(as: .error)]),
        fuzzer("FuzzMessages", []),
        fuzzer("FuzzSocket", [jeton("RPCServer")]),
        fuzzer("FuzzState", [jeton("Agent"), jeton("MatrixClient"), jeton("Vault"), logging, nioPosix]),
        fuzzer("FuzzConfiguration", [jeton("Agent")]),
        fuzzer("FuzzAnswers", [jeton("MatrixClient"), nioCore, nioHTTP1, nioPosix]),
        fuzzer("FuzzValues", [jeton("MatrixClient")]),
    ]
)
