import Dispatch
import Synchronization

/// A TCP server on loopback that does to each connection what the test tells it, byte for byte.
public final class RawServer: Sendable {
    public enum Step: Sendable {
        /// Reads the head of the request, and as much body as its Content-Length promises.
        case readRequest
        /// Waits until the test says `goOn()`.
        case wait
        case send(String)
        case sendZeros(Int)
        /// Waits until the client has gone.
        case awaitClose
    }

    /// What happens at the connections.
    private final class Visits: Sendable {
        let count = Atomic(0)
        let gate = DispatchSemaphore(value: 0)
        let requests: AsyncStream<String>
        let arrival: AsyncStream<String>.Continuation

        init() { (requests, arrival) = AsyncStream.makeStream() }
    }

    private let listener: TCPSocket
    private let visits = Visits()

    public var port: UInt16 { listener.port }

    /// How many connections there were.
    public var connections: Int { visits.count.load(ordering: .acquiring) }

    /// Each connection goes through `steps` on a thread of its own, and is closed at their end.
    public init(_ steps: [Step]) throws {
        let (listener, visits) = (try TCPSocket.listening(), self.visits)
        self.listener = listener
        Self.onThread {
            while let client = listener.accept() {
                visits.count.add(1, ordering: .acquiringAndReleasing)
                Self.onThread { for step in steps { Self.perform(step, on: client, visits) } }
            }
        }
    }

    deinit { stop() }

    /// The next request that has been read.
    public func request() async -> String {
        for await request in visits.requests { return request }
        return ""
    }

    /// Lets one connection go on.
    public func goOn() { visits.gate.signal() }

    /// From now on the port refuses connections.
    public func stop() { listener.shutDown() }

    /// All of this blocks, and a serial queue has a thread of its own.
    private static func onThread(_ work: @escaping @Sendable () -> Void) {
        DispatchQueue(label: "raw server").async(execute: work)
    }

    private static func perform(_ step: Step, on client: TCPSocket, _ visits: Visits) {
        switch step {
        case .readRequest:
            guard let request = client.readMessage() else { return }
            visits.arrival.yield(String(decoding: request.bytes, as: UTF8.self))
        case .wait: visits.gate.wait()
        case .send(let text): _ = client.send(Array(text.utf8))
        case .sendZeros(let count): _ = client.send([UInt8](repeating: UInt8(ascii: "0"), count: count))
        case .awaitClose: client.awaitClose()
        }
    }
}

extension RawServer.Step {
    /// A whole answer, after which the connection is closed.
    public static func answer(_ status: String, _ headers: String = "", _ body: String) -> RawServer.Step {
        .send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\(headers)\r\n\(body)")
    }
}
