public import JetonAPI
internal import Logging
internal import Vault

/// How the state lies on the disk, for those who ask and those who want it otherwise.
struct Store: Sendable {
    let folder: StateFolder
    let setting: @Sendable () -> StorageSetting
    let locks: Locks
    let logger: Logger

    func status() -> StoreStatus {
        var status = StoreStatus(storage: folder.storage, setting: setting(), storeKey: .available)
        switch folder.credential {
        case .key: break
        case .none: status.storeKey = .missing
        case .unavailable(let reason): (status.storeKey, status.detail) = (.unavailable, reason)
        }
        return status
    }

    func encrypt(for requester: Requester) async throws(AgentError) -> StoreStatus {
        guard setting() != .plain else { throw .againstSetting(.plain) }
        return try await change("the state was encrypted", "store.encrypted", requester) {
            folder throws(StorageProblem) in
            try await folder.encrypt()
        }
    }

    /// Not while the agent is locked: whoever sits there could then carry the sessions away.
    func decrypt(for requester: Requester) async throws(AgentError) -> StoreStatus {
        guard setting() != .encrypted else { throw .againstSetting(.encrypted) }
        try await locks.requireNone()
        return try await change("the state was decrypted", "store.decrypted", requester) {
            folder throws(StorageProblem) in
            try await folder.decrypt()
        }
    }

    func rekey(for requester: Requester) async throws(AgentError) -> StoreStatus {
        try await change("the state has a new key", "store.rekeyed", requester) { folder throws(StorageProblem) in
            try await folder.rekey()
        }
    }

    private func change(
        _ message: Logger.Message,
        _ event: String,
        _ requester: Requester,
        _ work: (StateFolder) async throws(StorageProblem) -> Void
    ) async throws(AgentError) -> StoreStatus {
        do throws(StorageProblem) {
            try await work(folder)
        } catch {
            throw .storageFailed(error)
        }
        logger.notice(message, metadata: requester.metadata.merging(["event": "\(event)"]) { $1 })
        return status()
    }
}

extension Agent {
    /// How sessions lie on the disk.
    public var storage: Protections.Storage { store.folder.storage }
}

extension AgentError {
    fileprivate static func againstSetting(_ setting: StorageSetting) -> AgentError {
        let detail = "config.json5 says `storage: \"\(setting.rawValue)\"`; change that first"
        return AgentError(.forbidden, "\(detail).", ["detail": .string(detail)])
    }
}
