public import JetonAPI
internal import Synchronization

/// The limits in force. They can be replaced while the server runs: for the connections that are made from then on.
public final class CurrentLimits: Sendable {
    private let value: Mutex<SocketLimits>

    public init(_ limits: SocketLimits = SocketLimits()) { value = Mutex(limits) }

    public var now: SocketLimits { value.withLock { $0 } }

    public func replace(with limits: SocketLimits) { value.withLock { $0 = limits } }
}
