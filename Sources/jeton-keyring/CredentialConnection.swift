internal import Glibc
internal import Systemd

/// The connection over which systemd reads the credential, up to its end.
struct CredentialConnection {
    let descriptor: CInt

    /// Whoever may use the session bus may ask the keyring itself; but nobody is to get the key by mistake. Where
    /// systemd has not started us there is no unit to know the agent by, and the user's own connection has to do.
    func requireAgent() throws(Refusal) {
        guard let peer = try? PeerProcess(ofSocket: descriptor) else {
            throw Refusal("forbidden", "standard input is no connection; systemd starts jeton-keyring")
        }
        guard peer.uid == Int(geteuid()) else { throw Refusal("forbidden", "another user asks") }
        guard PeerProcess.ownUnit?.hasPrefix("jeton-keyring@") == true else { return }
        let unit = peer.details(ofSocket: descriptor)?.unit
        guard unit == "jetond.service" else {
            let asking = unit ?? "a process without a unit"
            throw Refusal("forbidden", "only jetond.service gets the key, not \(asking)")
        }
    }

    func answer(_ content: [UInt8]) {
        var rest = content[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            // A service manager that has gone wants no answer.
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }
}
