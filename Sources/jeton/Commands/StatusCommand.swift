internal import ArgumentParser
internal import FoundationEssentials
internal import JetonAPI
internal import RPCClient

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tells how the agent is: its accounts, who supervises it, what protects it."
    )

    @OptionGroup var shared: SharedOptions

    func run() throws {
        let agent = try shared.connect()
        do {
            tell(try agent.call(GetAgentStatus()))
        } catch RPCClient.Problem.garbled(let detail) {
            guard try isRestricted(agent) else { throw RPCClient.Problem.garbled(detail) }
            tell(try agent.call(GetRestrictedStatus()))
        }
    }

    private func tell(_ status: GetAgentStatus.Result) {
        guard !shared.json else { return Output.say(json: status) }
        Output.say("jetond \(status.version), process \(status.pid), since \(status.startedAt)")
        if status.apiVersion != apiVersion {
            let older = status.apiVersion < apiVersion ? "jetond" : "jeton"
            Output.say("Versions:    differ (agent \(status.apiVersion), command \(apiVersion)); update \(older)")
        }
        let accounts = status.accounts.map { "\(PlainText.word($0.userId)) (\($0.state.rawValue))" }
            .joined(separator: ", ")
        Output.say("Accounts:    \(accounts.isEmpty ? "none; sign in with `jeton login`" : accounts)")
        for account in status.accounts {
            if let cause = account.cause {
                Output.say("             \(PlainText.word(account.userId)): \(Output.plain(cause.detail))")
            }
        }
        if !status.lockedBy.isEmpty {
            let names = status.lockedBy.map(\.rawValue).joined(separator: ", ")
            let cures = status.lockedBy.map { $0 == .screen ? "unlock your screen" : "run `jeton unlock`" }
            Output.say("Locked by:   \(names); \(cures.joined(separator: ", "))")
        }
        Output.say("Supervised:  \(Self.describe(status.supervised))")
        Output.say("Protections: \(Self.describe(status.protections))")
    }

    private func isRestricted(_ agent: RPCClient) throws -> Bool {
        let answer = Data(try agent.call(method: GetRestrictedStatus.name, params: Array("{}".utf8)))
        return GetRestrictedStatus.isAnswer(try JSONDecoder().decode(JSONValue.self, from: answer))
    }

    private func tell(_ status: GetRestrictedStatus.Result) {
        guard !shared.json else { return Output.say(json: status) }
        Output.say("jetond \(status.version), over its restricted socket: more is told where it runs")
        let names = status.lockedBy.map(\.rawValue).joined(separator: ", ")
        if !names.isEmpty { Output.say("Locked by:   \(names)") }
    }

    private static func describe(_ supervised: Supervision) -> String {
        guard supervised.systemd else { return "no; run by hand" }
        let watchdog = supervised.watchdogMs.map { ", watchdog \($0 / 1000) s" } ?? ""
        return "by systemd\(supervised.socketActivated ? ", socket activated" : "")\(watchdog)"
    }

    private static func describe(_ protections: Protections) -> String {
        [
            protections.dumpable ? "memory readable by your other programs" : "memory closed to your other programs",
            protections.isSandboxedInFull
                ? "sandboxed" : protections.sandboxed ? "sandboxed in part; see `jeton doctor`" : "not sandboxed",
            protections.memoryLocked ? "secrets never swapped out" : "secrets may be swapped out",
            protections.storage == .encrypted ? "sessions encrypted on disk" : "sessions in plain files (mode 0600)",
        ].joined(separator: ", ")
    }
}
