/// What `store.json` says of the folder that it lies in: how the files lie there, and the keys of their seals. It is
/// the only file that is never sealed.
struct StoreHead: Codable, Sendable, Equatable {
    /// Where files are on their way from one form to another, both are fine.
    enum Form: String, Codable, Sendable { case plain, encrypting, encrypted, decrypting }

    struct WrappedKey: Codable, Sendable, Equatable {
        var id: String
        var wrapped: String
    }

    var form: Form
    /// The first one seals; what others have sealed is on its way to the first.
    var keys: [WrappedKey] = []
    /// The fingerprint of the store key that wraps them.
    var storeKey: String?
    /// Whether files are on their way to plain for the setting's sake, and not by a word that outlasts it; nil: no.
    var bySetting: Bool?

    static let fileName = "store.json"

    /// Bound to the wrapped keys, so that nobody makes a folder take plain files who has no key to it.
    private static func context(_ form: Form) -> String { "jeton data key 1 \(form.rawValue)" }

    init(_ form: Form, _ keys: [DataKey], wrappedBy storeKey: StoreKey?) {
        self.form = form
        guard let storeKey else { return }
        self.keys = keys.map { storeKey.wrap($0, in: Self.context(form)) }
        self.storeKey = storeKey.fingerprint
    }

    /// - Returns: nil where the keys are not as this store key has wrapped them.
    func unwrapped(by storeKey: StoreKey) -> [DataKey]? {
        let unwrapped = keys.compactMap { storeKey.unwrap($0, in: Self.context(form)) }
        return unwrapped.isEmpty || unwrapped.count < keys.count ? nil : unwrapped
    }
}
