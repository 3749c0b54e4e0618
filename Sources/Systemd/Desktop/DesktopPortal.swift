internal import SystemPackage

/// The desktop's portal, as far as it opens addresses (org.freedesktop.portal.OpenURI): by whatever program the user
/// has for them, started by it and not by us.
public struct DesktopPortal {
    /// What came of it.
    public enum Outcome: Sendable, Equatable {
        case opened
        /// By the user, who was asked what to open it with.
        case cancelled
        case failed
        /// Withdrawn, as nobody has decided in time.
        case late
    }

    private let bus: SessionBus

    private static let name = "org.freedesktop.portal.Desktop"
    private static let path = "/org/freedesktop/portal/desktop"
    private static let openURI = "org.freedesktop.portal.OpenURI"
    private static let request = "org.freedesktop.portal.Request"
    /// Where it does not run it is started first, and its parts with it.
    private static let patience = Duration.seconds(15)

    /// - Throws: that there is no bus, or no portal that opens addresses.
    public init() throws(SessionBus.Failure) {
        bus = try SessionBus()
        let arguments: [BusCall.Argument] = [.string(Self.openURI), .string("version")]
        let get = BusCall(Self.name, Self.path, "org.freedesktop.DBus.Properties", "Get", arguments)
        _ = try bus.call(get, within: Self.patience)
    }

    /// Opens an address, and waits for what comes of it.
    public func open(_ address: String, within limit: Duration) throws(SessionBus.Failure) -> Outcome {
        let deadline = ContinuousClock.now.advanced(by: limit)
        // Anybody may send a signal that looks like its.
        let owner = try bus.owner(of: Self.name)
        let token = "jeton\(UInt64.random(in: .min ... .max))"
        try bus.watch("type='signal',sender='\(Self.name)',interface='\(Self.request)',member='Response'")
        try bus.watch(
            "type='signal',sender='\(SessionBus.busName)',member='NameOwnerChanged',arg0='\(Self.name)'"
        )
        let options: [String: BusCall.Argument] = ["handle_token": .string(token), "writable": .boolean(false)]
        let arguments: [BusCall.Argument] = [.string(""), .string(address), .variants(options)]
        let result = try bus.call(
            BusCall(Self.name, Self.path, Self.openURI, "OpenURI", arguments),
            within: Self.patience
        )
        guard let handle = result.first?.string else { throw .broken(.badMessage) }
        while let message = try bus.nextMessage(until: deadline) {
            guard case .signal(let path, let interface, let member) = message.kind else { continue }
            switch (message.sender, interface, member) {
            case (SessionBus.busName, SessionBus.busName, "NameOwnerChanged"): return .failed
            case (owner, Self.request, "Response") where path == handle:
                return switch message.arguments.first {
                case .integer(0): .opened
                case .integer(1): .cancelled
                default: .failed
                }
            default: continue
            }
        }
        // Ignoring whether that works: the connection ends, and the question with it.
        _ = try? bus.call(BusCall(Self.name, handle, Self.request, "Close", []), within: .seconds(2))
        return .late
    }
}
