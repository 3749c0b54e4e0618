internal import FoundationEssentials
internal import Glibc
internal import JetonAPI

/// What systemd makes of the agent.
extension Examination {
    mutating func lookAtUnits() {
        guard let units else {
            return findings.note("units", "\(unitsUnknown); the agent is looked after by nobody")
        }
        lookAtSocketUnit(units.socket, units)
        lookAtServiceUnit(units.service)
        lookAtRestrictedSocket(units.restricted)
        lookAtDesktop(units.desktop)
        lookAtKeyring(units.keyring)
        lookAtLingering()
    }

    private mutating func lookAtSocketUnit(_ unit: Units.Unit, _ units: Units) {
        guard unit.isInstalled else {
            let what = unit.isMasked ? "is masked" : "is not installed"
            let cure = unit.isMasked ? "Run: systemctl --user unmask jetond.socket" : units.start
            return findings.problem("socket_unit", "jetond.socket \(what)", cure: cure)
        }
        guard unit.isActive else {
            let why = unit.isFailed ? " (\(unit["Result"]))" : ""
            return findings.problem("socket_unit", "jetond.socket is \(unit["ActiveState"])\(why)", cure: units.start)
        }
        guard ["enabled", "enabled-runtime", "static"].contains(unit["UnitFileState"]) else {
            let detail = "jetond.socket listens, but will not after the next log-in"
            return findings.problem("socket_unit", detail, cure: "Run: systemctl --user enable jetond.socket")
        }
        findings.ok("socket_unit", "jetond.socket is \(unit["SubState"]), and \(unit["UnitFileState"])")
    }

    private mutating func lookAtServiceUnit(_ unit: Units.Unit) {
        guard unit.isInstalled else {
            let what = unit.isMasked ? "is masked" : "is not installed"
            let cure =
                unit.isMasked
                ? "Run: systemctl --user unmask jetond.service"
                : "Install it: systemd/install, or the package jeton."
            return findings.problem("service_unit", "jetond.service \(what)", cure: cure)
        }
        guard unit["NeedDaemonReload"] != "yes" else {
            let detail = "jetond.service has changed on the disk, and systemd has not read it"
            return findings.problem("service_unit", detail, cure: "Run: systemctl --user daemon-reload")
        }
        if let program = unit.program, !FileManager.default.isExecutableFile(atPath: program) {
            let flaw = FileFacts(program) == nil ? "is not there" : "cannot be run"
            let cure = "Install it again: systemd/install, or the package jeton."
            return findings.problem("service_unit", "jetond.service starts \(program), which \(flaw)", cure: cure)
        }
        let end = "(\(unit["Result"]), status \(unit["ExecMainStatus"]))"
        guard !unit.isTriedAgain else {
            let cure = "See why: journalctl --user --unit=jetond.service --lines=20"
            return findings.problem("service_unit", "jetond.service ends again and again \(end)", cure: cure)
        }
        guard !unit.isFailed else {
            let detail = "jetond.service has failed \(end)"
            let isMistake = unit["ExecMainStatus"] == "\(Self.misconfigured)"
            let again = isMistake ? "; it starts again with the next request, once that is mended" : ""
            let cure = "See why: journalctl --user --unit=jetond.service --lines=20\(again)"
            return findings.problem("service_unit", detail, cure: cure)
        }
        let text = unit["StatusText"].isEmpty ? "" : ": \(unit["StatusText"])"
        let idle = unit.isActive ? text : "; the next request starts it"
        findings.ok("service_unit", "jetond.service is \(unit["ActiveState"])\(idle)")
    }

    private mutating func lookAtRestrictedSocket(_ unit: Units.Unit) {
        // systemd starts no socket whose service runs: a restart of both may find the service of the first one running.
        let sockets = "jetond.socket jetond-restricted.socket"
        let cure = "Run: systemctl --user stop \(sockets) && systemctl --user start \(sockets)"
        guard !unit.isFailed else {
            return findings.problem("restricted_socket", "it has failed (\(unit["Result"]))", cure: cure)
        }
        guard let path = try? SocketPath.restricted(), let socket = FileFacts(path) else {
            guard unit.isActive else {
                return findings.ok("restricted_socket", "off; nothing is passed on to containers or other machines")
            }
            return findings.problem("restricted_socket", "it is on, and its socket is not there", cure: cure)
        }
        guard unit.isActive else {
            let whose = "an agent that is run by hand has it, or left it behind"
            return findings.note("restricted_socket", "its unit is off, and \(path) is there: \(whose)")
        }
        if let flaw = socket.flaw(wanted: 0o600) {
            return findings.problem("restricted_socket", flaw.detail, cure: flaw.cure)
        }
        findings.note(
            "restricted_socket",
            "on, at \(path); whoever it is passed on to can ask for login tokens, and only the agent's own prompt agrees",
            cure: "If nobody needs it: systemctl --user disable --now jetond-restricted.socket"
        )
    }

    /// systemd-logind's list of users whose manager runs without them.
    private mutating func lookAtLingering() {
        guard let entry = unsafe getpwuid(geteuid()), let name = unsafe entry.pointee.pw_name else { return }
        let user = unsafe String(cString: name)
        if FileFacts("/var/lib/systemd/linger/\(user)") != nil {
            findings.ok("lingering", "the agent runs from boot on, whether you are logged in or not")
        } else {
            findings.ok("lingering", "the agent runs while you are logged in (loginctl enable-linger: always)")
        }
    }
}
