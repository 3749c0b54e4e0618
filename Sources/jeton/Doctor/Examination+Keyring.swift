internal import JetonAPI

/// Where the agent's key comes from, if the user wants it from the keyring.
extension Examination {
    mutating func lookAtKeyring(_ unit: Units.Unit) {
        let socket = (try? SocketPath.keyring()).flatMap { FileFacts($0) }
        switch (unit.isActive, socket) {
        case (false, nil) where unit.isFailed, (true, nil):
            let cure = "Run: systemctl --user restart jeton-keyring.socket"
            findings.problem("keyring", "jeton-keyring.socket is on, and its socket is not there", cure: cure)
        case (false, nil): findings.ok("keyring", "your keyring is not asked for anything")
        case (false, let socket?):
            findings.problem(
                "keyring",
                "nobody listens at \(socket.path), where systemd wants the agent's key: the agent does not start",
                cure: "Remove it: rm \(FileFacts.quoted(socket.path))"
            )
        case (true, let socket?):
            if let flaw = socket.flaw(wanted: 0o600) {
                findings.problem("keyring", flaw.detail, cure: flaw.cure)
            } else {
                findings.ok("keyring", "your keyring is asked for the agent's key (jeton-keyring.socket)")
            }
        }
    }
}
