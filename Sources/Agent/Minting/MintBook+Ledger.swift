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
