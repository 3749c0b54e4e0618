/// The devices of all accounts, oldest first.
struct DeviceList {
    typealias Instant = ContinuousClock.Instant

    struct Device {
        var owner: TokenStore.Owner
        var displayName: String?
        var seen: (at: Instant, from: String)?
    }

    private var devices: [Device] = []

    /// Adds a device unless the account has it; a known one keeps its name, as on Synapse.
    mutating func add(_ owner: TokenStore.Owner, displayName: String?) {
        guard !devices.contains(where: { $0.owner == owner }) else { return }
        devices.append(Device(owner: owner, displayName: displayName))
    }

    mutating func remove(account: String, device: String? = nil) {
        devices.removeAll { $0.owner.account == account && (device == nil || $0.owner.device == device) }
    }

    mutating func see(_ owner: TokenStore.Owner, at now: Instant, from peer: String) {
        guard let index = devices.firstIndex(where: { $0.owner == owner }) else { return }
        devices[index].seen = (now, peer)
    }

    func devices(of account: String) -> [Device] {
        devices.filter { $0.owner.account == account }
    }
}
