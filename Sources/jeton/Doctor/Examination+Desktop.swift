/// Whether the agent can tell the user anything on the desktop.
extension Examination {
    mutating func lookAtDesktop(_ unit: Units.Unit) {
        if unit.isActive {
            return findings.ok("desktop_unit", "jeton-desktop.socket is \(unit["SubState"])")
        }
        if unit.isFailed {
            let cure = "Run: systemctl --user restart jeton-desktop.socket"
            return findings.problem("desktop_unit", "jeton-desktop.socket has failed (\(unit["Result"]))", cure: cure)
        }
        let what = unit.isInstalled ? "off" : unit.isMasked ? "masked" : "not installed"
        let cure =
            switch what {
            case "off": "Run: systemctl --user enable --now jeton-desktop.socket"
            case "masked": "Run: systemctl --user unmask jeton-desktop.socket"
            default: "Install it: systemd/install, or the package jeton."
            }
        let consequence = "you are not told when a login token is used, and no client's own address is opened"
        findings.note("desktop_unit", "jeton-desktop.socket is \(what): \(consequence)", cure: cure)
    }
}
