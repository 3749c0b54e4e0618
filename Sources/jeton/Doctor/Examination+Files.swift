internal import FoundationEssentials
internal import Glibc
internal import JetonAPI

/// Who owns and may open what.
extension Examination {
    mutating func lookAtSocket() {
        let folder = socketPath.lastIndex(of: "/").map { String(socketPath[..<$0]) } ?? "."
        lookAtRuntimeFolder(folder.isEmpty ? "/" : folder)
        guard let socket = FileFacts(socketPath) else {
            return findings.problem("socket", "there is no socket at \(socketPath)", cure: start)
        }
        guard socket.kind == .socket else {
            let path = FileFacts.quoted(socketPath)
            return findings.problem("socket", "\(socketPath) is no socket", cure: "Move it away: mv -i \(path) ~/")
        }
        if let flaw = socket.flaw(wanted: 0o600) {
            findings.problem("socket", flaw.detail, cure: flaw.cure)
        } else {
            findings.ok("socket", "\(socketPath): only you can connect (mode \(socket.shownMode))")
        }
    }

    private mutating func lookAtRuntimeFolder(_ path: String) {
        guard let folder = FileFacts(path) else {
            return findings.problem("runtime_folder", "there is no folder \(path)", cure: start)
        }
        guard folder.kind == .folder else {
            let cure = "Move it away: mv -i \(FileFacts.quoted(path)) ~/"
            return findings.problem("runtime_folder", "\(path) is no folder", cure: cure)
        }
        // Where the user has chosen another place, others may look, as long as they cannot put something there.
        if let flaw = isUsual ? folder.flaw(wanted: 0o700) : folder.flawIfWritable() {
            findings.problem("runtime_folder", flaw.detail, cure: flaw.cure)
        } else {
            findings.ok("runtime_folder", "\(path): nobody else can put a socket there (mode \(folder.shownMode))")
        }
    }

    mutating func lookAtState() {
        guard let stateFolder else {
            return findings.note("state_folder", "HOME is not set, so its place is not known; give --state")
        }
        guard let folder = FileFacts(stateFolder) else {
            return findings.ok("state_folder", "\(stateFolder) is not there yet: nobody has signed in")
        }
        guard folder.kind == .folder else {
            let cure = "Move it away: mv -i \(FileFacts.quoted(stateFolder)) ~/"
            return findings.problem("state_folder", "\(stateFolder) is no folder", cure: cure)
        }
        let files = FileFacts.names(in: stateFolder).compactMap { FileFacts("\(stateFolder)/\($0)") }
        let flaws = [folder.flaw(wanted: 0o700), folder.flawOfDisk] + files.map { $0.flawInState }
        for case let flaw? in flaws { findings.problem("state_folder", flaw.detail, cure: flaw.cure) }
        if flaws.allSatisfy({ $0 == nil }) {
            findings.ok("state_folder", "\(stateFolder): only you can open it (mode \(folder.shownMode))")
        }
    }

    mutating func lookAtConfiguration() {
        guard let folder = configurationFolder else {
            return findings.note("configuration", "HOME is not set, so its place is not known; give --config")
        }
        guard FileFacts(folder) != nil else {
            return findings.ok("configuration", "there is no \(folder): everything is as usual")
        }
        let files = FileFacts.names(in: folder).map { "\(folder)/\($0)" }
        let more = FileFacts.names(in: "\(folder)/config.d").map { "\(folder)/config.d/\($0)" }
        let facts = ([folder] + files + more).compactMap { FileFacts($0) }
        let flaws = facts.compactMap { $0.flawIfWritable(exceptBy: Self.ownGroup) ?? flawOfLink($0, in: folder) }
        for flaw in flaws { findings.problem("configuration", flaw.detail, cure: flaw.cure) }
        checkConfiguration(in: folder, isFlawed: !flaws.isEmpty)
    }

    /// Where each user has a group, it has the user's number.
    private static var ownGroup: gid_t? { getegid() == geteuid() ? getegid() : nil }

    /// Of the home folder the service sees no more than its own two folders.
    private func flawOfLink(_ file: FileFacts, in folder: String) -> FileFacts.Flaw? {
        guard units != nil, file.path != folder, let link = file.link, let place = FileFacts.real(file.path),
            let home = ProcessInfo.processInfo.environment["HOME"].flatMap(FileFacts.real), place.hasPrefix("\(home)/"),
            let folder = FileFacts.real(folder), !place.hasPrefix("\(folder)/")
        else { return nil }
        let (from, to) = (FileFacts.quoted(place), FileFacts.quoted(file.path))
        return (
            "\(file.path) is a link to \(link), which the service cannot see in its sandbox",
            "Run: cp -r --remove-destination \(from) \(to)"
        )
    }

    /// By the agent's own program: no other knows what it takes.
    private mutating func checkConfiguration(in folder: String, isFlawed: Bool) {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = (own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "") + "/jetond"
        let program = FileManager.default.isExecutableFile(atPath: beside) ? beside : "jetond"
        switch OtherProgram.run([program, "--check-config", "--config", folder]) {
        case .missing: findings.note("configuration", "jetond is not installed, so \(folder) was not checked")
        case .tooLong: findings.note("configuration", "jetond --check-config took too long; \(folder) was not checked")
        case .ended(0, _, _):
            if !isFlawed { findings.ok("configuration", "\(folder): no mistake, and only you can change it") }
        case .ended(_, _, let errors):
            let said = errors.hasPrefix("jetond: ") ? String(errors.dropFirst(8)) : errors
            let reload = units == nil ? "start jetond anew." : "run: systemctl --user reload-or-restart jetond.service"
            findings.problem("configuration", said, cure: "Mend it, then \(reload)")
        }
    }
}
