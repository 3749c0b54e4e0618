/// What one write of the ledger changes.
struct MintStep: Sendable, Equatable, Codable {
    var account: String
    /// The limits as they are from then on, and of the entries those that are new or changed.
    var record: MintRecord
    /// The entry of which it turned out that nothing was minted.
    var withdrawn: String?

    init(_ account: String, _ record: MintRecord, changed entry: MintRecord.Entry? = nil, withdrawn: String? = nil) {
        self.account = account
        self.record = record
        self.record.entries = entry.map { [$0] } ?? []
        self.withdrawn = withdrawn
    }

    /// The step that leads from nothing to all of an account's record.
    init(whole record: MintRecord, of account: String) {
        self.account = account
        self.record = record
    }
}

extension MintRecord {
    mutating func apply(_ step: MintStep) {
        var next = step.record
        next.entries = entries.filter { $0.tokenId != step.withdrawn }
        for entry in step.record.entries { next.put(entry) }
        self = next
    }
}
