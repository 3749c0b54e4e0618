import DevHomeserver
import Foundation
import JetonAPI
import Synchronization
import TestSupport
import Testing

/// Networks that the kernel takes away and gives back: the agent runs in namespaces of its own, which takes root here.
@Suite(.enabled(if: geteuid() == 0, "namespaces of one's own need root"), .timeLimit(.minutes(5)))
struct NetworkTests {
    @Test func `a network that comes back ends the waiting at once`() async throws {
        let (agent, _, homeserver) = try await signedInAtDev { $0.accessTokenLifetime = .seconds(1) }
        try await agent.killNine()
        // Its loopback is down, and so there is no way to anybody.
        agent.runner = ["/usr/bin/unshare", "--net"]
        try await agent.start()
        try await eventually("it has failed often enough to wait", within: .seconds(60)) {
            agent.logText.components(separatedBy: "a renewal failed").count > 6
        }
        #expect(try await agent.call(ListAccounts()).accounts.first?.state == .offline)
        #expect(!agent.logText.contains("the network has changed"))
        // After six failures the next try is 16 to 32 s away.
        let began = ContinuousClock.now
        let up = try await run("/usr/bin/nsenter", ["-t", "\(agent.pid)", "-n", "ip", "link", "set", "lo", "up"])
        #expect(up.status == 0, "\(up.errors)")
        try await eventually("it is heard") { agent.logText.contains("the network has changed") }
        try await eventually("it is tried") {
            agent.logText.components(separatedBy: "the network has changed").last?.contains("a renewal failed") == true
        }
        #expect(began.duration(to: .now) < .seconds(15))
        _ = homeserver
        try await agent.stop()
    }

    @Test func `a name that nobody answers for delays no other homeserver`() async throws {
        let (agent, user, _) = try await signedInAtDev()
        try await agent.stop()
        let resolver = try SilentResolver()
        let configuration = try agent.folder.write("nameserver \(resolver.address)\n", to: "resolv.conf", mode: 0o644)
        let session = """
            {"version":1,"value":{"user_id":"@stuck:silent.example","device_id":"D","asking":"unknown",\
            "homeserver":"https://silent.example","access_token":"canary-stuck"}}
            """
        try agent.folder.write(session, to: "state/@stuck:silent.example.account.json")
        let mount = "mount --bind '\(configuration)' /etc/resolv.conf && exec \"$0\" \"$@\""
        agent.runner = ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", mount]
        try await agent.start()
        let isOver = Atomic(false)
        let stuck = Task {
            defer { isOver.store(true, ordering: .releasing) }
            return try await agent.refusal(of: GetLoginTokenSupport(account: "@stuck:silent.example"))
        }
        try await eventually("the resolver is asked") { resolver.wasAsked }
        #expect(try await agent.call(GetAccountStatus(account: user.id)).account.state == .active)
        let wasOver = isOver.load(ordering: .acquiring)
        #expect(!wasOver)
        let refused = try await stuck.value
        #expect(refused.kind == .homeserverUnreachable)
        #expect(refused.data["stage"] == "dns")
        #expect(try await agent.call(ListAccounts()).accounts.map(\.state).contains(.offline))
        try await agent.stop()
    }
}

/// A name server that hears everything and says nothing.
private final class SilentResolver: Sendable {
    let address: String
    private let descriptor: CInt

    init() throws {
        // The port is given; who else tests at this moment has another address.
        address = "127." + (1...3).map { _ in "\(Int.random(in: 1...254))" }.joined(separator: ".")
        descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var own = sockaddr_in()
        own.sin_family = sa_family_t(AF_INET)
        own.sin_port = in_port_t(53).bigEndian
        unsafe inet_pton(AF_INET, address, &own.sin_addr)
        let descriptor = descriptor
        let isBound = unsafe withUnsafePointer(to: &own) { own in
            unsafe own.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound else { throw Unexpected("no name server at \(address)") }
    }

    deinit { close(descriptor) }

    var wasAsked: Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&wanted, 1, 0) == 1
    }
}
