import Foundation
import JetonAPI
import TestSupport
import Testing

/// The agent as `systemd/install` lays it out for one user of a real systemd.
struct InstalledAgent {
    let user: LoggedInUser

    /// A new user, for whom nothing is installed yet.
    init(under manager: UserManager? = nil) async throws {
        let manager = if let manager { manager } else { try await UserManager.running() }
        user = try await manager.newUser()
    }

    /// Installed, its socket switched on.
    static func ready(under manager: UserManager? = nil) async throws -> InstalledAgent {
        let agent = try await InstalledAgent(under: manager)
        try await agent.install()
        return agent
    }

    /// A copy of all programs is 150 MB, in memory until it is shared.
    private static let installers = Turnstile(atOnce: 4)

    /// Runs the installer as this user.
    @discardableResult
    func install(_ arguments: String...) async throws -> String {
        let installer = "\(Programs.repository)/systemd/install"
        return try await Self.installers.pass {
            let ended = try await user.run([installer] + arguments + ["--built", Programs.folder])
            guard ended.status == 0 else {
                throw Unexpected("systemd/install failed: \(ended.output)\(ended.errors)")
            }
            try await user.shareFiles()
            return ended.output
        }
    }

    var program: String { "\(user.home)/.local/bin/jeton" }
    var configuration: String { "\(user.home)/.config/jeton/config.json5" }
    var units: String { "\(user.home)/.config/systemd/user" }

    /// Adds settings to the service's unit.
    func dropIn(_ name: String, _ text: String) async throws {
        try await user.write(text, to: "\(units)/jetond.service.d/\(name).conf")
        try await user.systemctl("daemon-reload")
    }

    @discardableResult
    func jeton(_ arguments: String..., input: String = "") async throws -> Ended {
        try await user.run([program] + arguments, input: input)
    }

    /// Calls a method.
    func call<M: JetonAPI.Method>(_ params: M) async throws -> M.Result {
        let json = String(decoding: try JSONCoding.encoder(secrets: .revealed).encode(params), as: UTF8.self)
        let ended = try await jeton("rpc", M.name, "-", input: json)
        guard ended.status == 0 else { throw Unexpected("\(M.name): status \(ended.status), \(ended.errors)") }
        return try JSONCoding.decoder().decode(M.Result.self, from: Data(ended.output.utf8))
    }

    /// What the manager knows of the service.
    func property(_ name: String) async throws -> String {
        try await user.systemctl("show", "--value", "--property", name, "jetond.service")
    }

    var pid: Int {
        get async throws { Int(try await property("MainPID")) ?? 0 }
    }

    /// Signs in as somebody new at a homeserver.
    func signIn(at homeserver: any TestHomeserver) async throws -> TestUser {
        let somebody = try await homeserver.newUser()
        let arguments = ["login", somebody.id, "--homeserver", homeserver.address, "--password-stdin"]
        let ended = try await user.run([program] + arguments, input: somebody.password + "\n")
        try #require(ended.status == 0, "\(ended.errors)")
        return somebody
    }

    /// A login token, by the command that people type.
    func mint(as somebody: TestUser) async throws -> Ended {
        try await jeton("token", "--password-stdin", "--json", input: somebody.password + "\n")
    }

    /// The entries of this user's journal that match.
    func journal(_ matches: String...) async throws -> [[String: String]] {
        let ended = try await user.run(["journalctl", "--user", "--output=json", "--all", "--no-pager"] + matches)
        return try ended.output.split(separator: "\n").map { line in
            let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            return entry.compactMapValues { $0 as? String }
        }
    }

    /// What this program of ours has written to this user's journal. By its name: the journal knows no unit of a process
    /// that had ended when its last words were read.
    func said(by program: String) async throws -> [String] {
        try await journal("SYSLOG_IDENTIFIER=\(program)").compactMap { $0["MESSAGE"] }
    }

    /// Nothing secret may be in all that the journal has of this user.
    func lookForSecretsInTheJournal() async throws {
        let journal = try await user.run(["journalctl", "--user", "--output=export", "--all", "--no-pager"])
        #expect(Canary.secrets(in: journal.output).isEmpty)
    }
}

/// Tests that need a real systemd; there is none to be had in most containers.
extension Trait where Self == ConditionTrait {
    static var needsUserManager: Self {
        .enabled(if: UserManager.isAvailable, "SKIPPED: no user manager can be booted")
    }
}
