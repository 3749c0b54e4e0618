internal import JetonAPI

/// What became of the login tokens that were minted.
extension MintBook {
    /// A device has appeared while a login token lived.
    /// - Returns: the token as it is now; nil where it is not listed any more.
    func note(_ finding: Sightings.Finding, of account: String) async throws(AgentError) -> IssuedToken? {
        var record = records[account] ?? MintRecord()
        guard let index = record.entries.lastIndex(where: { $0.tokenId == finding.tokenId }) else { return nil }
        record.entries[index].note(finding)
        let entry = record.entries[index]
        try await replace(record, by: MintStep(account, record, changed: entry))
        return entry.issued(of: account, at: clock())
    }

    /// The tokens of these accounts of which the user is still to be told who has redeemed them.
    func heldBack(of accounts: [String]) -> [IssuedToken] {
        let now = clock()
        return accounts.flatMap { account in
            (records[account]?.entries ?? []).filter { $0.isHeldBack == true }.map { $0.issued(of: account, at: now) }
        }
    }

    /// The user was told who has redeemed this one.
    func noteTold(_ token: IssuedToken) async throws(AgentError) {
        var record = records[token.account] ?? MintRecord()
        guard let index = record.entries.lastIndex(where: { $0.tokenId == token.tokenId }) else { return }
        record.entries[index].isHeldBack = nil
        let entry = record.entries[index]
        try await replace(record, by: MintStep(token.account, record, changed: entry))
    }

    /// A device was signed out from here: so was whoever had used a login token for it.
    func noteSignOut(of device: String, _ account: String) async throws(AgentError) {
        let now = clock()
        for tokenId in (records[account]?.entries ?? []).map(\.tokenId) {
            var record = records[account] ?? MintRecord()
            guard let index = record.entries.lastIndex(where: { $0.tokenId == tokenId }),
                record.entries[index].noteSignOut(of: device, at: now)
            else { continue }
            try await replace(record, by: MintStep(account, record, changed: record.entries[index]))
        }
    }

    /// The tokens of these accounts, newest first.
    func tokens(of accounts: [String]?) -> [IssuedToken] {
        let now = clock()
        return (accounts ?? records.keys.sorted())
            .flatMap { account in (records[account]?.entries ?? []).map { $0.issued(of: account, at: now) } }
            .sorted { $0.issuedAt > $1.issuedAt }
    }
}
