/// The user's keyring, by the Secret Service API of freedesktop.org (0.2): GNOME Keyring, KWallet, KeePassXC, oo7.
/// Secrets go over the local bus as they are ("plain"): whoever could listen there could ask for them as well.
public struct SecretService {
    /// Why the keyring gives nothing.
    public enum Problem: Error, Sendable, Equatable {
        /// No bus, or no keyring.
        case absent(String)
        /// Nothing that things are put into by default.
        case withoutDefault
        /// It would have to ask the user first; here nobody waits for that.
        case locked(String)
        /// In the service's own words.
        case failed(String)
    }

    private let bus: SessionBus
    private let session: String

    private static let name = "org.freedesktop.secrets"
    private static let root = "/org/freedesktop/secrets"
    private static let interface = "org.freedesktop.Secret"
    /// The path that stands for none.
    private static let nothing = "/"

    /// Asks for a session, which ends with the connection. This blocks, as all here does, as long as the service likes.
    public init() throws(Problem) {
        do throws(SessionBus.Failure) {
            bus = try SessionBus()
        } catch {
            throw Problem(error, "the session bus")
        }
        let open = Self.call(Self.root, "Service", "OpenSession", [.string("plain"), .variant(.string(""))])
        let result = try Self.call(open, on: bus)
        session = try Self.path(result, 1, of: "OpenSession")
    }

    /// The secret that lies there with these attributes; where there is none, one is put there.
    /// - Parameters:
    ///   - attributes: by which it is found.
    ///   - label: what keyring programs show.
    ///   - make: makes it.
    /// - Returns: the secret. Where somebody puts another one there at the same time, both find the same.
    /// - Throws: what keeps it from being looked up or put there.
    public func secret(
        with attributes: [String: String],
        label: String,
        orElse make: () -> [UInt8]
    ) throws(Problem) -> [UInt8] {
        if let item = try item(with: attributes) { return try secret(of: item) }
        let collection = try collection()
        let item = Self.interface + ".Item"
        let properties: [String: BusCall.Argument] = [
            "\(item).Label": .string(label), "\(item).Attributes": .strings(attributes),
        ]
        let secret = BusCall.Argument.fields([.path(session), .bytes([]), .bytes(make()), .string("text/plain")])
        let create = [.variants(properties), secret, .boolean(false)]
        let created = try call(collection, "Collection", "CreateItem", create)
        guard try Self.path(created, 0, of: "CreateItem") != Self.nothing else {
            throw .locked("it asks before anything is put into it")
        }
        guard let oldest = try self.item(with: attributes) else {
            throw .failed("it does not have what was put into it")
        }
        return try self.secret(of: oldest)
    }

    /// The oldest one that can be read.
    private func item(with attributes: [String: String]) throws(Problem) -> String? {
        let found = try call(Self.root, "Service", "SearchItems", [.strings(attributes)])
        guard found.count == 2 else { throw .failed("SearchItems gives no two lists") }
        let (open, locked) = (found[0].items.compactMap(\.string), found[1].items.compactMap(\.string))
        // One that cannot be seen may be the older, and the right one.
        guard locked.isEmpty else { throw .locked("the key is in there") }
        guard open.count > 1 else { return open.first }
        var dated: [(created: Int64, path: String)] = []
        for path in open { dated.append((try created(path), path)) }
        return dated.min { $0 < $1 }?.path
    }

    private func created(_ item: String) throws(Problem) -> Int64 {
        guard case .integer(let time)? = try property("Created", of: item, "Item") else { return .max }
        return time
    }

    /// Where new things are put.
    private func collection() throws(Problem) -> String {
        let found = try call(Self.root, "Service", "ReadAlias", [.string("default")])
        let collection = try Self.path(found, 0, of: "ReadAlias")
        guard collection != Self.nothing else { throw .withoutDefault }
        guard try property("Locked", of: collection, "Collection")?.boolean != true else {
            throw .locked("the default keyring")
        }
        return collection
    }

    private func secret(of item: String) throws(Problem) -> [UInt8] {
        let result = try call(item, "Item", "GetSecret", [.path(session)])
        guard let fields = result.first?.items, fields.count == 4 else { throw .failed("GetSecret gives no secret") }
        return fields[2].items.compactMap { value in
            guard case .integer(let byte) = value else { return nil }
            return UInt8(exactly: byte)
        }
    }

    private func property(_ name: String, of path: String, _ kind: String) throws(Problem) -> BusValue? {
        let arguments: [BusCall.Argument] = [.string("\(Self.interface).\(kind)"), .string(name)]
        let get = BusCall(Self.name, path, "org.freedesktop.DBus.Properties", "Get", arguments)
        return try Self.call(get, on: bus).first
    }

    private func call(
        _ path: String,
        _ kind: String,
        _ member: String,
        _ arguments: [BusCall.Argument]
    ) throws(Problem) -> [BusValue] {
        try Self.call(Self.call(path, kind, member, arguments), on: bus)
    }

    private static func call(
        _ path: String,
        _ kind: String,
        _ member: String,
        _ arguments: [BusCall.Argument]
    ) -> BusCall {
        BusCall(name, path, "\(interface).\(kind)", member, arguments)
    }

    private static func call(_ call: BusCall, on bus: SessionBus) throws(Problem) -> [BusValue] {
        do throws(SessionBus.Failure) {
            return try bus.call(call)
        } catch {
            throw Problem(error, call.member)
        }
    }

    private static func path(_ result: [BusValue], _ index: Int, of member: String) throws(Problem) -> String {
        guard result.indices.contains(index), let path = result[index].string else {
            throw .failed("\(member) gives no path")
        }
        return path
    }
}

extension SecretService.Problem {
    init(_ failure: SessionBus.Failure, _ what: String) {
        switch failure {
        case .broken(let error): self = .absent("\(what): \(error)")
        case .refused("org.freedesktop.Secret.Error.IsLocked"): self = .locked(what)
        case .refused(let name) where Self.meaningAbsent.contains { name.hasPrefix($0) }: self = .absent(name)
        case .refused(let name): self = .failed("\(what): \(name)")
        }
    }

    /// Nobody has the name, and nobody can be started who takes it.
    private static let meaningAbsent = [
        "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.Spawn.", "org.freedesktop.systemd1.",
    ]
}
