internal import JetonAPI
internal import MatrixClient

/// What has been seen of an account's devices while login tokens of it live: a homeserver does not tell by which token
/// a device was signed in, only that it is there.
struct Sightings: Sendable {
    /// A login token whose life is not over.
    private struct Awaited {
        let tokenId: String
        let end: Moment
        /// Looks up to this one began before anybody could have the token.
        let lastLookBefore: Int
        var seen: [Redeemer] = []
        var isRedeemed = false
    }

    /// What is to be noted of a login token.
    struct Finding: Sendable, Equatable {
        var tokenId: String
        var redeemedBy: Redeemer?
        var candidates: [Redeemer]?
    }

    private var lastLook = 0
    /// The devices at the last look; nil where that tells nothing of what is new.
    private var known: Set<String>?
    /// The look that `known` is from.
    private var lastSeen = 0
    private var awaited: [Awaited] = []
    /// When the last look began; nil where nothing came of it.
    private(set) var lookedAt: Moment?

    /// Whether a token lives that somebody may redeem.
    var areWanted: Bool { !awaited.isEmpty }

    /// From now on a device that appears may have been signed in with this token.
    mutating func expect(_ tokenId: String, until end: Moment) {
        guard !awaited.contains(where: { $0.tokenId == tokenId }) else { return }
        awaited.append(Awaited(tokenId: tokenId, end: end, lastLookBefore: lastLook))
    }

    /// - Returns: the number by which to tell what was seen.
    mutating func beginLook(at now: Moment) -> Int {
        // Whatever was signed in while no token lived must not be news for the next one.
        if awaited.isEmpty { known = nil }
        lastLook += 1
        lookedAt = now
        return lastLook
    }

    /// Nothing could be seen; tokens whose life is over are not waited for all the same.
    mutating func giveUp(look: Int, at now: Moment) {
        awaited.removeAll { $0.end <= now }
        if look == lastLook { lookedAt = nil }
        // It would have told what was there before anybody could have a token: without it, nobody knows.
        if look > lastSeen, !awaited.contains(where: { $0.lastLookBefore < look }) { known = nil }
    }

    /// What there is to be seen; a token whose life is over by then is looked for no more.
    /// - Parameters:
    ///   - devices: that there are.
    ///   - look: when they were asked for.
    ///   - own: the agent's own device, which nobody else has signed in.
    ///   - now: when.
    /// - Returns: what is new about login tokens.
    mutating func see(
        _ devices: [MatrixClient.Device],
        inLook look: Int,
        own: String?,
        at now: Moment
    ) -> [Finding] {
        defer { awaited.removeAll { $0.end <= now } }
        // An answer that was overtaken by a later one's would make devices vanish and come back.
        guard look > lastSeen else { return [] }
        lastSeen = look
        let known = known
        self.known = Set(devices.map(\.deviceId))
        guard let known else { return [] }
        let new = devices.filter { !known.contains($0.deviceId) && $0.deviceId != own }
        guard !new.isEmpty else { return [] }
        let possible = awaited.indices.filter { awaited[$0].lastLookBefore < look }
        // Each is good for one sign-in, so one that was used explains no other device while another one may.
        let unused = possible.filter { !awaited[$0].isRedeemed }
        let explaining = unused.isEmpty ? possible : unused
        return explaining.compactMap { index in
            let before = Set(awaited[index].seen.map(\.deviceId))
            let unseen = new.filter { !before.contains($0.deviceId) }
            guard !unseen.isEmpty else { return nil }
            awaited[index].seen += unseen.map { Redeemer($0, at: now) }
            let seen = awaited[index].seen
            // Who is one of several tokens that may have been used has not been, as far as is known.
            if explaining.count == 1 || seen.count >= explaining.count { awaited[index].isRedeemed = true }
            let isClear = explaining.count == 1 && seen.count == 1
            return Finding(
                tokenId: awaited[index].tokenId,
                redeemedBy: isClear ? seen[0] : nil,
                candidates: isClear ? nil : seen
            )
        }
    }
}

extension Redeemer {
    fileprivate init(_ device: MatrixClient.Device, at now: Moment) {
        self.init(
            deviceId: device.deviceId,
            displayName: device.displayName,
            lastSeenIp: device.lastSeenIp,
            at: now,
            certain: false
        )
    }
}
