import Foundation
import Synchronization

/// What stands between the agent and its homeserver, hands everything on, and lets the mishaps happen that a test names.
public final class Proxy: Sendable {
    public enum Mishap: String, Sendable, CaseIterable {
        /// The request waits here; the homeserver knows nothing of it.
        case requestHeld
        /// The homeserver has handled the request; the answer waits here.
        case answerHeld
        /// The homeserver has handled the request; no answer comes.
        case answerLost
        /// The homeserver has handled the request; half of the answer comes.
        case answerCut
    }

    /// A request that came by, and what the homeserver said to it.
    public struct Passage: Sendable, Equatable {
        public var method: String
        public var path: String
        public var status: Int
    }

    public let address: String
    private let port: UInt16
    private let listener: TCPSocket
    private let passages = Mutex<[Passage]>([])
    private let encounters = Mutex<[Encounter]>([])

    /// - Parameter homeserver: its address, plain http on loopback.
    /// - Throws: where no port can be had.
    public init(before homeserver: String) throws {
        guard let port = URL(string: homeserver)?.port.flatMap(UInt16.init) else {
            throw Unexpected("\(homeserver) names no port")
        }
        self.port = port
        listener = try TCPSocket.listening()
        address = "http://127.0.0.1:\(listener.port)"
        Thread.detachNewThread { [weak self, listener] in
            while let client = listener.accept() {
                guard let self else { return }
                Thread.detachNewThread { self.serve(client) }
            }
        }
    }

    deinit {
        listener.shutDown()
        for encounter in encounters.withLock({ $0 }) { encounter.abandon() }
    }

    /// All that was answered by the homeserver and dealt with here so far, oldest first.
    public var passagesSoFar: [Passage] { passages.withLock { $0 } }

    public func passages(_ method: String, _ path: String) -> [Passage] {
        passagesSoFar.filter { $0.method == method && $0.path == path }
    }

    /// Lets a mishap happen to one request, the nth of its kind from now on.
    public func expect(_ mishap: Mishap, at method: String, _ path: String, nth: Int = 1) -> Encounter {
        let encounter = Encounter(mishap, method, path, nth)
        encounters.withLock { $0.append(encounter) }
        return encounter
    }

    /// One connection, for as long as the client keeps it; each request gets a connection of its own behind us.
    private func serve(_ client: TCPSocket) {
        while let request = client.readMessage() {
            let line = request.firstLine.split(separator: " ")
            guard line.count == 3 else { return }
            let (method, path) = (String(line[0]), String(line[1].prefix { $0 != "?" }))
            let encounter = encounters.withLock { $0.first { $0.isMet(by: method, path) } }
            if encounter?.mishap == .requestHeld, encounter?.hold() == false { return }
            guard let server = TCPSocket(connectedTo: port), server.send(request.bytes),
                let answer = server.readMessage()
            else { return }
            let status = answer.firstLine.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            let passage = Passage(method: method, path: path, status: status)
            guard handOn(answer, of: passage, to: client, encounter) else { return }
        }
    }

    /// False: the connection ends here.
    private func handOn(
        _ answer: TCPSocket.Message,
        of passage: Passage,
        to client: TCPSocket,
        _ encounter: Encounter?
    ) -> Bool {
        let isHeldBack = encounter?.mishap == .answerHeld && encounter?.hold() == false
        // Whoever has got an answer finds it there.
        passages.withLock { $0.append(passage) }
        let isPassed: Bool
        switch encounter?.mishap {
        case .answerLost:
            isPassed = false
        case .answerCut:
            _ = client.send(Array(answer.bytes.dropLast(answer.bodyLength / 2 + 1)))
            isPassed = false
        default:
            isPassed = !isHeldBack && client.send(answer.bytes)
        }
        if !isPassed { encounter?.happen() }
        return isPassed
    }
}

/// One mishap that is to happen.
public final class Encounter: Sendable {
    public let mishap: Proxy.Mishap
    private let method: String
    private let path: String
    /// How many requests of the kind are still to come before it is met; below zero: it is met.
    private let toCome: Mutex<Int>
    private let hasHappened = Mutex(false)
    private let isLetGo = Mutex<Bool?>(nil)
    private let gate = DispatchSemaphore(value: 0)

    fileprivate init(_ mishap: Proxy.Mishap, _ method: String, _ path: String, _ nth: Int) {
        (self.mishap, self.method, self.path) = (mishap, method, path)
        toCome = Mutex(nth - 1)
    }

    /// Waits until the request or the answer waits here, or the answer was lost.
    public func happened() async throws {
        try await eventually("\(mishap) at \(method) \(path)") { hasHappened.withLock { $0 } }
    }

    /// What waits goes on its way.
    public func letGo() { end(true) }

    /// What waits goes nowhere.
    public func abandon() { end(false) }

    private func end(_ isGood: Bool) {
        isLetGo.withLock { $0 = $0 ?? isGood }
        gate.signal()
    }

    fileprivate func isMet(by method: String, _ path: String) -> Bool {
        guard method == self.method, path == self.path else { return false }
        return toCome.withLock { toCome in
            toCome -= 1
            return toCome == -1
        }
    }

    fileprivate func happen() { hasHappened.withLock { $0 = true } }

    /// False: it goes nowhere.
    fileprivate func hold() -> Bool {
        happen()
        gate.wait()
        return isLetGo.withLock { $0 } == true
    }
}
