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
        /// Whether the one device that was seen fits no other token.
        var isClear = false
        /// Nil where there is nothing new.
        var telling: Finding.Telling?

        /// A homeserver knows no address of a device before its first request: that may have come by now.
        mutating func learnAddresses(from devices: [MatrixClient.Device]) {
            for index in seen.indices where seen[index].lastSeenIp == nil {
                let device = devices.first { $0.deviceId == seen[index].deviceId }
                guard let address = device?.lastSeenIp else { continue }
                seen[index].lastSeenIp = address
                telling = telling ?? .never
            }
        }

        /// - Returns: what there is to be noted since the last time, if anything.
        mutating func takeFinding() -> Finding? {
            guard let telling else { return nil }
            if telling != .atNextLook { self.telling = nil }
            return Finding(
                tokenId: tokenId,
                redeemedBy: isClear ? seen.first : nil,
                candidates: isClear ? nil : seen,
                telling: telling
            )
        }
    }

    /// What is to be noted of a login token.
    struct Finding: Sendable, Equatable {
        /// When the user is told of it.
        enum Telling: Sendable {
            case now
            /// An address may be known by then.
            case atNextLook
            /// It is for the ledger only: the user was told.
            case never
        }

        var tokenId: String
        var redeemedBy: Redeemer?
        var candidates: [Redeemer]?
        var telling = Telling.now
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
    /// - Returns: what was held back until this look.
    mutating func giveUp(look: Int, at now: Moment) -> [Finding] {
        defer { awaited.removeAll { $0.end <= now } }
        if look == lastLook { lookedAt = nil }
        // It would have told what was there before anybody could have a token: without it, nobody knows.
        if look > lastSeen, !awaited.contains(where: { $0.lastLookBefore < look }) { known = nil }
        let isLatest = look > lastSeen
        return release { isLatest || $0.end <= now }
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
        guard look > lastSeen else { return release { $0.end <= now } }
        lastSeen = look
        for index in awaited.indices {
            if awaited[index].telling == .atNextLook { awaited[index].telling = .now }
            awaited[index].learnAddresses(from: devices)
        }
        let known = known
        self.known = Set(devices.map(\.deviceId))
        if let known {
            explain(devices.filter { !known.contains($0.deviceId) && $0.deviceId != own }, seenIn: look, at: now)
        }
        return takeFindings()
    }

    /// Notes which tokens these new devices may have been signed in with.
    private mutating func explain(_ new: [MatrixClient.Device], seenIn look: Int, at now: Moment) {
        let possible = awaited.indices.filter { awaited[$0].lastLookBefore < look }
        // Each is good for one sign-in, so one that was used explains no other device while another one may.
        let unused = possible.filter { !awaited[$0].isRedeemed }
        let explaining = unused.isEmpty ? possible : unused
        for index in explaining {
            let before = Set(awaited[index].seen.map(\.deviceId))
            let unseen = new.filter { !before.contains($0.deviceId) }
            guard !unseen.isEmpty else { continue }
            awaited[index].seen += unseen.map { Redeemer($0, at: now) }
            let seen = awaited[index].seen
            // Who is one of several tokens that may have been used has not been, as far as is known.
            if explaining.count == 1 || seen.count >= explaining.count { awaited[index].isRedeemed = true }
            awaited[index].isClear = explaining.count == 1 && seen.count == 1
            // Whoever has waited for one look, or would wait for one that does not come, is told now.
            let canWait = awaited[index].telling != .now && awaited[index].end > now
            awaited[index].telling = canWait && unseen.contains { $0.lastSeenIp == nil } ? .atNextLook : .now
        }
    }

    /// What was held back of these tokens, as it is.
    private mutating func release(_ isDue: (Awaited) -> Bool) -> [Finding] {
        for index in awaited.indices where awaited[index].telling == .atNextLook && isDue(awaited[index]) {
            awaited[index].telling = .now
        }
        return takeFindings().filter { $0.telling == .now }
    }

    private mutating func takeFindings() -> [Finding] {
        awaited.indices.compactMap { awaited[$0].takeFinding() }
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
