internal import Agent
internal import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import Systemd

/// What wakes the agent unasked: an alarm for the next renewal, the end of the machine's sleep, and the network where a
/// homeserver is waited for.
struct Upkeep: Sendable {
    private enum Occasion: Sendable { case alarm, network, wake }

    private let timer: BootTimer
    private let network: NetworkWatch
    private let occasions: AsyncStream<Occasion>
    private let happen: AsyncStream<Occasion>.Continuation

    init(on loop: any EventLoop, logger: Logger) async throws {
        let (occasions, happen) = AsyncStream.makeStream(of: Occasion.self)
        self.occasions = occasions
        self.happen = happen
        timer = try BootTimer()
        network = NetworkWatch(on: loop, logger: logger) { happen.yield(.network) }
        // The bell hangs until the process ends.
        _ = try await Bell.hang(on: timer.reader(), loop) { happen.yield(.alarm) }.get()
    }

    var setAlarm: @Sendable (Duration?) -> Void { { [timer] in timer.set(after: $0) } }

    var watchNetwork: @Sendable (Bool) -> Void { { [network] in network.set($0) } }

    /// The machine was asleep.
    func noteWake() { happen.yield(.wake) }

    /// Does what is due, now and whenever it is.
    func run(_ agent: Agent) async {
        await agent.renewWhatIsDue()
        await agent.watchWhatLives()
        for await occasion in occasions {
            switch occasion {
            case .alarm: await agent.renewWhatIsDue()
            case .network: await agent.networkHasChanged()
            case .wake: await agent.machineWoke()
            }
        }
        await agent.stop()
    }
}

/// The upkeep as a service. At a stop it begins nothing any more; what is under way is waited for after the last client.
struct UpkeepService: Service, CustomStringConvertible {
    var description: String { "Upkeep" }

    let upkeep: Upkeep
    let agent: Agent

    func run() async throws { await cancelWhenGracefulShutdown { await upkeep.run(agent) } }
}
