internal import Dispatch
internal import NIOCore
internal import Synchronization

/// Looks names up beside one another. swift-nio does so one after the other on each event loop, so that a name whose
/// servers are silent would keep everybody from all other homeservers; only names that were found here get that far.
final class NameLookups: Sendable {
    /// Why a name leads nowhere.
    enum Problem: Error {
        case unknown(String)
        case silent(String)
    }

    private struct State {
        var waiting: [String: [AsyncStream<Bool>.Continuation]] = [:]
        var found: [String: ContinuousClock.Instant] = [:]
    }

    /// As long as an idle connection is kept: until then most requests need no lookup.
    private static let memory = Duration.seconds(15)

    private let state = Mutex(State())

    /// Waits until a name is known to have an address, or the caller is cancelled.
    func find(_ name: String) async throws {
        let (answer, courier) = AsyncStream.makeStream(of: Bool.self)
        let (isKnown, isFirst) = state.withLock { state in
            if let found = state.found[name], found.duration(to: .now) < Self.memory { return (true, false) }
            let isFirst = state.waiting[name] == nil
            state.waiting[name, default: []].append(courier)
            return (false, isFirst)
        }
        if isKnown { return }
        if isFirst {
            // The resolver blocks, for as long as it likes; a serial queue has a thread of its own meanwhile.
            DispatchQueue(label: "jeton.lookup").async { self.tell(name, Self.hasAddress(name)) }
        }
        for await isFound in answer {
            guard isFound else { throw Problem.unknown(name) }
            return
        }
        throw CancellationError()
    }

    private static func hasAddress(_ name: String) -> Bool {
        (try? SocketAddress.makeAddressResolvingHost(name, port: 443)) != nil
    }

    private func tell(_ name: String, _ isFound: Bool) {
        let waiting = state.withLock { state in
            state.found[name] = isFound ? .now : nil
            return state.waiting.removeValue(forKey: name) ?? []
        }
        for courier in waiting {
            courier.yield(isFound)
            courier.finish()
        }
    }
}
