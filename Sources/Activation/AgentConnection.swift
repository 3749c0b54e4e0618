internal import FoundationEssentials
internal import Glibc
internal import JetonAPI
internal import Systemd

/// The connection that systemd has started this program for: the agent's words come in, and the answer goes out, mostly
/// a line of JSON each.
public struct AgentConnection: Sendable {
    public let descriptor: CInt
    /// As in `jeton-prompt`: that of its units.
    private let program: String
    /// What only the agent may have done here, as in `have the user asked`.
    private let service: String

    /// How long the agent's line may take to come: it is sent right after the connection is made.
    private static let patience = Duration.seconds(5)

    public init(_ descriptor: CInt, of program: String, to service: String) {
        self.descriptor = descriptor
        self.program = program
        self.service = service
    }

    /// Another program could put words of its own before the user, so only the agent is heard. Where systemd has not
    /// started us there is no unit to know it by, and the user's own connection has to do.
    public func requireAgent() throws(Refusal) {
        guard let peer = try? PeerProcess(ofSocket: descriptor) else {
            throw Refusal("standard input is no connection of an agent; systemd starts \(program)")
        }
        guard peer.uid == Int(geteuid()) else { throw Refusal("another user asks") }
        guard PeerProcess.ownUnit?.hasPrefix("\(program)@") == true else { return }
        let unit = peer.details(ofSocket: descriptor)?.unit
        guard unit == "jetond.service" else {
            throw Refusal("only jetond.service may \(service), not \(unit ?? "a process without a unit")")
        }
    }

    /// - Parameters:
    ///   - type: what the agent is to say.
    ///   - maximumBytes: a longer line says nothing.
    /// - Returns: what it says.
    /// - Throws: why that is not understood.
    public func read<Question: Decodable>(_ type: Question.Type, maximumBytes: Int) throws(Refusal) -> Question {
        let line = try line(maximumBytes: maximumBytes)
        guard let question = try? JSONCoding.decoder().decode(Question.self, from: Data(line)) else {
            throw Refusal("the agent's question is not understood; jetond and \(program) are of different releases")
        }
        return question
    }

    public func write(_ answer: some Encodable) {
        guard let json = try? JSONCoding.encoder(secrets: .revealed).encode(answer) else {
            preconditionFailure("an answer that is not JSON")
        }
        write(bytes: json + [UInt8(ascii: "\n")])
    }

    /// An answer that is no line of JSON. An agent that has gone wants none.
    public func write(bytes: some Sequence<UInt8>) {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    private func line(maximumBytes: Int) throws(Refusal) -> [UInt8] {
        var line: [UInt8] = []
        let deadline = ContinuousClock.now.advanced(by: Self.patience)
        while true {
            let left = ContinuousClock.now.duration(to: deadline).milliseconds
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard left > 0, unsafe poll(&entry, 1, CInt(left)) > 0 else { throw Refusal("the agent asks nothing") }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { throw Refusal("the agent has gone") }
            line += chunk[..<count]
            if let end = line.firstIndex(of: UInt8(ascii: "\n")) { return Array(line[..<end]) }
            guard line.count <= maximumBytes else { throw Refusal("the agent's question has no end") }
        }
    }
}

/// Why nothing is done: a sentence without its full stop.
public struct Refusal: Error, Sendable, Equatable {
    public let reason: String
    public init(_ reason: String) { self.reason = reason }
}
