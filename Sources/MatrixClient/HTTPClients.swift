internal import AsyncHTTPClient
internal import Synchronization

/// The client that makes new connections, and older ones whose exchanges may still go on.
final class HTTPClients: Sendable {
    private let clients: Mutex<(current: HTTPClient, old: [HTTPClient])>

    init(_ client: HTTPClient) { clients = Mutex((client, [])) }

    var current: HTTPClient { clients.withLock { $0.current } }

    /// - Returns: the client that was current until now.
    func replace(with client: HTTPClient) -> HTTPClient {
        clients.withLock { clients in
            defer { clients.current = client }
            clients.old.append(clients.current)
            return clients.current
        }
    }

    /// Closes a former client, unless all of them were closed meanwhile.
    func end(_ client: HTTPClient) {
        let isOpen = clients.withLock { clients in
            defer { clients.old.removeAll { $0 === client } }
            return clients.old.contains { $0 === client }
        }
        // A task of its own, since nobody waits for it.
        if isOpen { Task { try? await client.shutdown() } }
    }

    func shutdown() async throws {
        let all = clients.withLock { clients in
            defer { clients.old = [] }
            return clients.old + [clients.current]
        }
        for client in all { try await client.shutdown() }
    }
}
