internal import FoundationEssentials
internal import Glibc
internal import JetonAPI
internal import Systemd

/// The connection that the question comes by.
struct AgentConnection {
    let descriptor: CInt

    /// How long the question may take to come: it is sent right after the connection is made.
    private static let patience = Duration.seconds(5)

    /// Questions come from the agent alone: another program could put words of its own before the user. Where systemd
    /// has not started us there is no unit to know it by, and the user's own connection has to do.
    func requireAgent() throws {
        guard let peer = try? PeerProcess(ofSocket: descriptor) else {
            throw Refusal("standard input is no connection of an agent; systemd starts jeton-prompt")
        }
        guard peer.uid == Int(geteuid()) else { throw Refusal("another user asks") }
        guard PeerProcess.ownUnit?.hasPrefix("jeton-prompt@") == true else { return }
        let unit = peer.details(ofSocket: descriptor)?.unit
        guard unit == "jetond.service" else {
            throw Refusal("only jetond.service may have the user asked, not \(unit ?? "a process without a unit")")
        }
    }

    func question() throws -> PromptQuestion {
        let line = try line()
        guard let question = try? JSONCoding.decoder().decode(PromptQuestion.self, from: Data(line)) else {
            throw Refusal("the agent's question is not understood; jetond and jeton-prompt are of different releases")
        }
        return question
    }

    func answer(_ answer: PromptAnswer) {
        guard let json = try? JSONCoding.encoder(secrets: .revealed).encode(answer) else {
            preconditionFailure("an answer that is not JSON")
        }
        var rest = Array(json + [UInt8(ascii: "\n")])[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            // An agent that has gone wants no answer.
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    private func line() throws -> [UInt8] {
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
            guard line.count <= PromptQuestion.maximumBytes else { throw Refusal("the agent's question has no end") }
        }
    }
}
