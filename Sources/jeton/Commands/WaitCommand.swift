internal import ArgumentParser
internal import Glibc
internal import JetonAPI
internal import RPCClient

struct WaitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Waits until the agent answers: for scripts that start it."
    )

    @Option(help: "Give up after so many seconds, with exit status 124.")
    var timeout: Double = 30

    @OptionGroup var shared: SharedOptions

    /// Nothing announces a socket that appears, so it is tried anew: 20 times a second is soon enough, and cheap.
    private static let pause: useconds_t = 50_000

    func validate() throws {
        guard timeout >= 0 else { throw ValidationError("--timeout must not be negative.") }
    }

    func run() throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(timeout))
        while true {
            do {
                _ = try shared.connect().call(Ping())
                if shared.json { Output.say("{}") }
                return
            } catch let problem as RPCClient.Problem {
                guard case .unreachable = problem else { throw problem }
                guard ContinuousClock.now < deadline else { throw Failure(.timedOut, problem.description) }
                usleep(Self.pause)
            }
        }
    }
}
