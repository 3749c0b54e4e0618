import Foundation
import TestSupport
import Testing

/// The package for Debian, on a root file system that has nothing but what its dependencies name.
@Suite(.enabled(if: PackageUnderTest.found != nil, "SKIPPED: no package was made")) struct PackageTests {
    @Test(.enabled(if: PackageUnderTest.hasLintian, "SKIPPED: lintian is not installed"))
    func `lintian finds no error in the package`() async throws {
        let package = try #require(PackageUnderTest.found)
        let checked = try await run("/usr/bin/lintian", ["--allow-root", "--fail-on", "error", package.file])
        #expect(checked.status == 0, "\(checked.output)\(checked.errors)")
    }

    @Test(.needsUserManager, .enabled(if: PackageUnderTest.found?.root != nil, "SKIPPED: there is no clean root"))
    func `installed on a clean system it mints, and purged it leaves the user's own files alone`() async throws {
        let package = try #require(PackageUnderTest.found)
        let manager = try await UserManager.own(root: try #require(package.root), showing: [package.folder])
        let installed = try await manager.asRoot("dpkg", "--install", package.file)
        #expect(installed.status == 0, "\(installed.output)\(installed.errors)")
        let user = try await manager.newUser()
        try await user.systemctl("enable", "--now", "jetond.socket")
        let kind = HomeserverKind.available.last ?? .devHomeserver
        let homeserver = try await kind.homeserver()
        let somebody = try await homeserver.newUser()
        let login = ["jeton", "login", somebody.id, "--homeserver", homeserver.address, "--password-stdin"]
        let signedIn = try await user.run(login, input: somebody.password + "\n")
        try #require(signedIn.status == 0, "\(signedIn.errors)")
        let minted = try await user.run(["jeton", "token", "--password-stdin"], input: somebody.password + "\n")
        #expect(minted.status == 0, "\(minted.errors)")
        let token = minted.output.trimmingCharacters(in: .newlines)
        #expect(try await OtherClient(homeserver.address).logIn(token: token).status == 200)
        let purged = try await manager.asRoot("dpkg", "--purge", "jeton")
        #expect(purged.status == 0, "\(purged.errors)")
        let search = ["find", "/usr", "/etc", "/var", "/home", "-name", "*jeton*"]
        let left = try await user.run(search).output.split(separator: "\n").filter { !$0.contains("jeton-tests") }
        #expect(left.allSatisfy { $0.hasPrefix(user.home) || $0.hasPrefix("/var/tmp/systemd-private") }, "\(left)")
        try await manager.stop()
    }
}

/// The package that `Tests/run` made, and the root file system to try it on.
struct PackageUnderTest {
    let file: String
    let root: String?

    var folder: String { (file as NSString).deletingLastPathComponent }

    static let found: PackageUnderTest? = {
        let environment = ProcessInfo.processInfo.environment
        guard let file = environment["JETON_TEST_PACKAGE"] else { return nil }
        return PackageUnderTest(file: file, root: environment["JETON_TEST_ROOT"])
    }()

    static var hasLintian: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/lintian") }
}
