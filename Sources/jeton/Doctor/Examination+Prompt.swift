internal import FoundationEssentials
internal import JetonAPI

/// Whether the agent can ask the user by itself.
extension Examination {
    private static let switchOn = "Run: systemctl --user enable --now jeton-prompt.socket"

    mutating func lookAtPrompt() {
        let isOn = units.map { lookAtPromptUnit($0.prompt) } ?? false
        lookAtPinentry(isWanted: isOn)
        guard isOn else { return }
        lookAtDisplay()
    }

    /// - Returns: whether questions get there.
    private mutating func lookAtPromptUnit(_ unit: Units.Unit) -> Bool {
        if unit.isActive {
            findings.ok("prompt_unit", "jeton-prompt.socket is \(unit["SubState"])")
            return true
        }
        if unit.isFailed {
            let cure = "Run: systemctl --user restart jeton-prompt.socket"
            findings.problem("prompt_unit", "jeton-prompt.socket has failed (\(unit["Result"]))", cure: cure)
            return false
        }
        let what = unit.isInstalled ? "off" : unit.isMasked ? "masked" : "not installed"
        let cure =
            switch what {
            case "off": Self.switchOn
            case "masked": "Run: systemctl --user unmask jeton-prompt.socket"
            default: "Install it: systemd/install, or the package jeton."
            }
        let consequence = "where the homeserver asks for nothing, the agent cannot ask you either"
        findings.note("prompt_unit", "jeton-prompt.socket is \(what): \(consequence)", cure: cure)
        return false
    }

    /// By the prompt's own program: no other knows which one it takes.
    private mutating func lookAtPinentry(isWanted: Bool) {
        let program = Self.promptPrograms.first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let program else {
            return findings.note("pinentry", "jeton-prompt is not installed, so the pinentry was not looked at")
        }
        let place = configurationFolder.map { ["--config", $0] } ?? []
        switch OtherProgram.run([program, "--check"] + place, within: .seconds(12)) {
        case .ended(0, let output, _): findings.ok("pinentry", "the agent asks you by \(output)")
        case .ended(let status, _, let errors):
            let said = errors.hasPrefix("jeton-prompt: ") ? String(errors.dropFirst(14)) : errors
            let cure =
                status == Self.misconfigured
                ? "Mend the configuration first: it says which pinentry is meant."
                : "Run: sudo apt-get install pinentry-curses, or name another program in config.json5 (pinentry)."
            guard isWanted else { return findings.note("pinentry", said, cure: cure) }
            findings.problem("pinentry", said, cure: cure)
        case .missing, .tooLong: findings.note("pinentry", "\(program) --check does not answer")
        }
    }

    /// In the build folder it lies beside us; installed, it is not for people to type.
    private static var promptPrograms: [String] {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let folder = own.lastIndex(of: "/").map { String(own[..<$0]) } ?? ""
        return ["\(folder)/jeton-prompt", "\(folder)/../libexec/jeton/jeton-prompt"]
    }

    /// A prompt sees what the user manager was told of, which desktops do not all do.
    private mutating func lookAtDisplay() {
        let environment = ProcessInfo.processInfo.environment
        let own = Units.displayNames.filter { environment[$0]?.isEmpty == false }
        let missing = own.subtracting(Units.displays()).sorted()
        guard !missing.isEmpty else { return }
        let names = missing.joined(separator: " ")
        findings.note(
            "display",
            "systemd does not know this display (\(names)): the prompt cannot show itself there",
            cure: "Run: systemctl --user import-environment \(names)"
        )
    }
}
