internal import AsyncHTTPClient
internal import NIOPosix
internal import Synchronization

/// The client that makes new connections, and older ones whose exchanges may still go on.
final class HTTPClients: Sendable {
    private struct State {
        var current: HTTPClient?
        var old: [HTTPClient] = []
        var hasEnded = false
    }

    private let state = Mutex(State())
    /// Held by whoever makes a client, on a thread that may wait.
    private let making = Mutex(())
    private let make: @Sendable () -> HTTPClient

    /// - Parameter make: makes the first one. It may read files.
    init(_ make: @escaping @Sendable () -> HTTPClient) { self.make = make }

    /// It is made when it is first wanted, so that a start need not wait for it.
    func current() async throws -> HTTPClient {
        if let client = state.withLock({ $0.current }) { return client }
        return try await NIOThreadPool.singleton.runIfActive { try self.first() }
    }

    private func first() throws -> HTTPClient {
        try making.withLock { _ in
            if let client = state.withLock({ $0.current }) { return client }
            let client = make()
            let isWanted = state.withLock { state in
                if !state.hasEnded { state.current = client }
                return !state.hasEnded
            }
            guard isWanted else {
                // A task of its own, since nobody waits for it.
                Task { try? await client.shutdown() }
                throw HTTPClientError.alreadyShutdown
            }
            return client
        }
    }

    /// On a thread that may wait.
    /// - Returns: the client that was current until now.
    func replace(with client: HTTPClient) -> HTTPClient? {
        making.withLock { _ in
            state.withLock { state in
                // After the last shutdown it is the one to be closed.
                guard !state.hasEnded else {
                    state.old.append(client)
                    return client
                }
                defer { state.current = client }
                if let old = state.current { state.old.append(old) }
                return state.current
            }
        }
    }

    /// Closes a former client, unless all of them were closed meanwhile.
    func end(_ client: HTTPClient) {
        let isOpen = state.withLock { state in
            defer { state.old.removeAll { $0 === client } }
            return state.old.contains { $0 === client }
        }
        // A task of its own, since nobody waits for it.
        if isOpen { Task { try? await client.shutdown() } }
    }

    func shutdown() async throws {
        let all = state.withLock { state in
            defer { state.old = [] }
            state.hasEnded = true
            return state.old + (state.current.map { [$0] } ?? [])
        }
        for client in all { try await client.shutdown() }
    }
}
