internal import JetonAPI
internal import RPCClient

/// How sessions lie on the disk, and what it would take to encrypt them.
extension Examination {
    mutating func lookAtStorage(_ storage: Protections.Storage) {
        guard storage == .plain else { return findings.ok("storage", "sessions are encrypted on the disk") }
        let client = try? RPCClient(path: socketPath, patience: Self.patience)
        let store = try? client?.call(GetStoreStatus())
        findings.note(
            "storage",
            "sessions lie in files that only you can read; they are not encrypted",
            cure: store.flatMap { cure(of: $0) }
        )
    }

    /// Nil where the user wants it so.
    private func cure(of store: StoreStatus) -> String? {
        guard store.setting != .plain else { return nil }
        switch store.storeKey {
        case .available: return "To encrypt them, run: jeton store encrypt"
        case .unavailable: return store.detail.map { "There is no key for them: \($0)." }
        case .missing:
            guard units != nil else { return nil }
            return """
                To encrypt them under a key from your keyring, run: systemctl --user enable --now \
                jeton-keyring.socket && systemctl --user restart jetond.service
                """
        }
    }
}
