internal import FoundationEssentials
internal import Glibc
internal import JetonAPI
internal import JournalReader
internal import RPCClient
internal import SystemPackage

/// What the agent tells of itself.
extension Examination {
    /// Asks the agent for its status. Where it does not answer, there is nothing more to ask.
    mutating func lookAtAgent() {
        let answer: JSONValue
        do throws(RPCClient.Problem) {
            let client = try RPCClient(path: socketPath, patience: Self.patience)
            let result = try client.call(method: GetAgentStatus.name, params: Array("{}".utf8))
            guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(result)) else {
                throw .garbled("its status is not JSON")
            }
            answer = value
        } catch {
            return findings.problem("agent", Self.describe(error), cure: cure(of: error))
        }
        let version = answer["version"]?.stringValue ?? "of no version"
        guard !GetRestrictedStatus.isAnswer(answer) else {
            let place = "over its restricted socket; look at the rest where it runs"
            return findings.note("agent", "jetond \(version) answers, \(place)")
        }
        let pid = answer["pid"]?.integerValue ?? 0
        let isSupervised = answer["supervised"]?["systemd"] == true
        let watch = isSupervised ? "looked after by systemd" : "run by hand"
        findings.ok("agent", "jetond \(version) answers, process \(pid), \(watch)")
        compareVersions(version, answer["api_version"]?.integerValue ?? 0, pid: pid, isSupervised)
        let data = (try? JSONCoding.encoder().encode(answer)) ?? Data()
        guard let status = try? JSONCoding.decoder().decode(GetAgentStatus.Result.self, from: data) else {
            // Of another version it is no wonder, and that was said.
            guard version == releaseVersion else { return }
            return findings.problem("agent", "its status is not as agreed; what answers is no jetond", cure: start)
        }
        lookAtProtections(status)
        if !status.lockedBy.isEmpty {
            let locks = status.lockedBy.map(\.rawValue).joined(separator: ", ")
            let cures = status.lockedBy.map { $0 == .screen ? "unlock your screen" : "run: jeton unlock" }
            let cure = "To unlock it, \(cures.joined(separator: ", and "))"
            findings.note("lock", "locked by \(locks): nothing is minted for now", cure: cure)
        }
        lookAtAccounts(status.accounts)
        if isSupervised { lookAtJournal() }
    }

    /// The first word in the way; the cure stands beside it.
    private static func describe(_ problem: RPCClient.Problem) -> String {
        switch problem {
        case .unreachable(_, .noSuchFileOrDirectory): "it does not run"
        case .unreachable(let path, .connectionRefused): "nobody listens at \(path); a killed agent left it behind"
        case .unreachable(_, .wouldBlock): "it did not answer within \(patience.components.seconds) s"
        case .closed: "it closed the connection without an answer, as it does when it cannot start"
        default: problem.description
        }
    }

    private func cure(of problem: RPCClient.Problem) -> String {
        switch problem {
        case .unreachable(_, .wouldBlock) where units != nil: return "Run: systemctl --user restart jetond.service"
        case .closed where units != nil: return "See why: journalctl --user --unit=jetond.service --lines=20"
        case .unreachable(_, .connectionRefused) where units?.socket.isActive == true:
            return "Run: systemctl --user restart jetond.socket"
        case .impostor: return "Find out who: ss -xlp, and name another socket with --socket or JETON_SOCKET."
        case .garbled: return "Name the agent's socket with --socket or JETON_SOCKET."
        default: return start
        }
    }

    private mutating func compareVersions(_ version: String, _ api: Int, pid: Int, _ isSupervised: Bool) {
        guard version != releaseVersion || api != apiVersion else {
            return findings.ok("version", "agent and command are both \(version)")
        }
        let isOlder = version.versionParts.lexicographicallyPrecedes(releaseVersion.versionParts) || api < apiVersion
        let restart =
            isSupervised ? "Run: systemctl --user restart jetond.service" : "Run: kill \(pid), and start jetond anew."
        findings.problem(
            "version",
            "the agent is \(version) (API \(api)), the command \(releaseVersion) (API \(apiVersion))",
            cure: isOlder ? restart : "Install the newer jeton: its package, or systemd/install."
        )
    }

    private mutating func lookAtProtections(_ status: GetAgentStatus.Result) {
        let protections = status.protections
        let missing = protections.missing
        let isSandboxWanted = status.supervised.systemd
        if protections.dumpable {
            let cure = "Start jetond anew; where that does not help, its log says why."
            findings.problem("memory", "other programs of yours can read the agent's memory", cure: cure)
        } else if protections.memoryLocked {
            findings.ok("memory", "closed to your other programs, secrets never swapped out")
        } else {
            findings.note(
                "memory",
                "closed to your other programs; secrets may be swapped out, for too little may be locked (ulimit -l)"
            )
        }
        if missing.isEmpty {
            findings.ok(
                "sandbox",
                "no home folder, no session bus, no other programs, no capabilities, files read-only, "
                    + "system calls filtered"
            )
        } else if isSandboxWanted {
            let cure = "See which drop-in takes them away: systemctl --user cat jetond.service"
            findings.problem("sandbox", "not in force: \(missing.joined(separator: ", "))", cure: cure)
        } else {
            findings.note("sandbox", "run by hand, the agent goes without: \(missing.joined(separator: ", "))")
        }
        lookAtStorage(protections.storage)
    }

    private mutating func lookAtJournal() {
        do throws(JournalProblem) {
            try JournalFiles.requireReadable()
            findings.ok("journal", "readable; `jeton audit` shows the agent's records")
        } catch {
            let cure = "Until then an administrator can look: journalctl --user-unit=jetond.service"
            findings.problem("journal", error.description, cure: cure)
        }
    }
}

extension Protections {
    /// What is not in force of the sandbox, in words.
    fileprivate var missing: [String] {
        [
            (sandboxed, "system call filter"), (noCapabilities, "no capabilities"), (homeHidden, "home folder hidden"),
            (sessionBusHidden, "session bus hidden"), (filesReadOnly, "files read-only"), (noExec, "no other programs"),
        ].filter { !$0.0 }.map(\.1)
    }
}

extension String {
    /// The numbers in a version, so that 0.10 is more than 0.9.
    fileprivate var versionParts: [Int] { split { !$0.isNumber }.map { Int($0) ?? 0 } }
}
