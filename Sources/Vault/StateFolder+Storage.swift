public import JetonAPI
internal import Synchronization

/// How the files lie on the disk, and how they get there. Each step is on the disk before the next one, and at each the
/// folder's head says how to read what lies there: a crash loses nothing, and the next start goes on from there.
extension StateFolder {
    /// As what is written now is written.
    public var storage: Protections.Storage {
        sealing.withLock(\.form) == .encrypted ? .encrypted : .plain
    }

    /// Encrypts all files, if they are not.
    public func encrypt() async throws(StorageProblem) {
        try await onDisk { () throws(StorageProblem) in try self.encryptNow() }
    }

    /// Writes all files as they were before they were encrypted; `auto` then leaves them so.
    public func decrypt() async throws(StorageProblem) {
        try await onDisk { () throws(StorageProblem) in try self.decryptNow(bySetting: false) }
    }

    /// Encrypts all files anew, under a new random key.
    public func rekey() async throws(StorageProblem) {
        try await onDisk { () throws(StorageProblem) in
            guard self.storage == .encrypted else {
                throw StorageProblem(path: self.path, detail: "is not encrypted; `jeton store encrypt` does that")
            }
            try self.finish()
            try self.requireReadable()
            try self.put(.encrypted, [DataKey()] + self.sealing.withLock(\.keys))
            try self.finish()
        }
    }

    // MARK: At the start

    /// Reads how the files lie, and brings them to where they are wanted.
    func bring(to setting: StorageSetting) throws(StorageProblem) {
        let head = try head()
        if let head { try take(head) }
        switch (setting, head?.form) {
        case (.plain, nil), (.auto, .plain): break
        case (.plain, _): try decryptNow(bySetting: true)
        case (.auto, .decrypting) where head?.bySetting != true: try decryptNow(bySetting: false)
        case (.auto, nil):
            switch credential {
            case .none: break
            case .key: try encryptNow()
            case .unavailable(let reason):
                let detail = """
                    is to be encrypted, and the key is missing: \(reason). Then start the agent again; or let it lie \
                    open, by `storage: "plain"` in config.json5
                    """
                throw StorageProblem(path: path, detail: detail)
            }
        case (.encrypted, _), (.auto, .decrypting), (.auto, .encrypting), (.auto, .encrypted): try encryptNow()
        }
    }

    private func head() throws(StorageProblem) -> StoreHead? {
        let file = file(StoreHead.fileName)
        guard let bytes = try file.read() else { return nil }
        return try StateFile<StoreHead>.decode(bytes, from: file.path)
    }

    private func take(_ head: StoreHead) throws(StorageProblem) {
        guard head.form != .plain else { return sealing.withLock { $0.become(.plain, []) } }
        let path = file(StoreHead.fileName).path
        let key: StoreKey
        switch credential {
        case .key(let given): key = given
        case .unavailable(let reason): throw .noKey(path, "\(reason). Then start the agent again")
        case .none: throw .noKey(path, Self.howToGetOne)
        }
        guard head.storeKey == key.fingerprint else { throw .wrongKey(path) }
        guard let keys = head.unwrapped(by: key) else {
            throw .damaged(path, "its keys were changed since they were written")
        }
        sealing.withLock { $0.become(head.form, keys) }
    }

    private static let howToGetOne = """
        the agent has no credential \(StoreCredential.name), which systemd passes it (systemctl --user start \
        jetond.service) where somebody provides it (systemctl --user enable --now jeton-keyring.socket; jetond(8))
        """

    // MARK: The steps

    private func encryptNow() throws(StorageProblem) {
        switch sealing.withLock(\.form) {
        case .encrypting, .encrypted: break
        case .decrypting: try put(.encrypting, sealing.withLock(\.keys))
        case nil, .plain:
            // First of all: what cannot be read now could not be read afterwards either.
            try requireReadable()
            try put(.encrypting, [DataKey()])
        }
        try finish()
    }

    /// What the setting has decrypted is as if nothing had ever been encrypted here: `auto` encrypts it again.
    private func decryptNow(bySetting: Bool) throws(StorageProblem) {
        switch sealing.withLock(\.form) {
        case .plain, .decrypting: break
        case nil: try requireReadable()
        case .encrypting, .encrypted:
            try requireReadable()
            try put(.decrypting, sealing.withLock(\.keys), bySetting: bySetting)
        }
        try finish(plain: bySetting ? nil : .plain)
    }

    /// Goes on until all files are as the head says. Of plain files it then says what is given; nil: it goes.
    private func finish(plain: StoreHead.Form? = .plain) throws(StorageProblem) {
        let now = sealing.withLock(\.self)
        let goal = now.sealingKey == nil ? plain : .encrypted
        guard now.form != goal || now.keys.count > 1 else { return }
        for name in try stateFiles() {
            let file = file(name)
            guard let bytes = try file.read(), !now.isInForm(bytes) else { continue }
            let content = try now.decode(bytes, of: name, at: file.path)
            try content.requireVersion(file.path)
            try put(content, into: file)
        }
        try put(goal, now.sealingKey.map { [$0] } ?? [])
    }

    /// Writes down how files lie from now on, and only then lets it be so.
    private func put(
        _ form: StoreHead.Form?,
        _ keys: [DataKey],
        bySetting: Bool = false
    ) throws(StorageProblem) {
        guard let form else {
            try file(StoreHead.fileName).remove()
            return sealing.withLock { $0.become(nil, []) }
        }
        var key: StoreKey?
        switch (credential, keys.isEmpty) {
        case (_, true): key = nil
        case (.key(let given), _): key = given
        case (.unavailable(let reason), _): throw cannotEncrypt(reason)
        case (.none, _): throw cannotEncrypt(Self.howToGetOne)
        }
        var head = StoreHead(form, keys, wrappedBy: key)
        if bySetting { head.bySetting = true }
        try file(StoreHead.fileName).replace(with: StateFile<StoreHead>.encode(head))
        sealing.withLock { $0.become(form, keys) }
    }

    private func cannotEncrypt(_ reason: String) -> StorageProblem {
        StorageProblem(path: path, detail: "cannot be encrypted: \(reason)")
    }

    private func requireReadable() throws(StorageProblem) {
        let now = sealing.withLock(\.self)
        for name in try stateFiles() {
            let file = file(name)
            guard let bytes = try file.read() else { continue }
            try now.decode(bytes, of: name, at: file.path).requireVersion(file.path)
        }
    }

    private func stateFiles() throws(StorageProblem) -> [String] {
        let all = try names(endingIn: ".json") + names(endingIn: ".jsonl")
        return all.filter { $0 != StoreHead.fileName }
    }
}
