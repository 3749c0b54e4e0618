/// Whether the agent's state is to be encrypted on the disk.
public enum StorageSetting: String, StringChoice {
    /// Where a key is provided.
    case auto
    /// Always: without a key the agent does not start.
    case encrypted
    /// Never.
    case plain
}

/// How the agent's state lies on the disk, and whether it could be encrypted.
public struct StoreStatus: Codable, Sendable, Equatable {
    public enum Key: String, StringChoice { case available, missing, unavailable }

    public var storage: Protections.Storage
    public var setting: StorageSetting
    public var storeKey: Key
    /// Why the key is not available, where somebody should provide it.
    public var detail: String?

    public init(storage: Protections.Storage, setting: StorageSetting, storeKey: Key, detail: String? = nil) {
        self.storage = storage
        self.setting = setting
        self.storeKey = storeKey
        self.detail = detail
    }

    static func example(_ storage: Protections.Storage) -> StoreStatus {
        StoreStatus(storage: storage, setting: .auto, storeKey: .available)
    }
}

public struct GetStoreStatus: Method, Equatable {
    public static let name = "store.status"
    public static let summary = "Tells how the agent's state lies on the disk, and whether there is a key for it."
    public static let errors: [AgentError.Kind] = []
    public static var example: MethodExample<GetStoreStatus> { .init(GetStoreStatus(), gives: .example(.encrypted)) }

    public typealias Result = StoreStatus

    public init() {}
}

public struct EncryptStore: Method, Equatable {
    public static let name = "store.encrypt"
    public static let summary = "Encrypts the agent's state on the disk."
    public static let errors: [AgentError.Kind] = [.forbidden, .storageFailed]
    public static var example: MethodExample<EncryptStore> { .init(EncryptStore(), gives: .example(.encrypted)) }

    public typealias Result = StoreStatus

    public init() {}
}

public struct DecryptStore: Method, Equatable {
    public static let name = "store.decrypt"
    public static let summary = "Writes the agent's state to the disk in files that are not encrypted."
    public static let errors: [AgentError.Kind] = [.forbidden, .locked, .storageFailed]
    public static var example: MethodExample<DecryptStore> { .init(DecryptStore(), gives: .example(.plain)) }

    public typealias Result = StoreStatus

    public init() {}
}

public struct RekeyStore: Method, Equatable {
    public static let name = "store.rekey"
    public static let summary = "Encrypts the agent's state anew, under a new random key."
    public static let errors: [AgentError.Kind] = [.storageFailed]
    public static var example: MethodExample<RekeyStore> { .init(RekeyStore(), gives: .example(.encrypted)) }

    public typealias Result = StoreStatus

    public init() {}
}
