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
        guard (0...86_400).contains(timeout) else {
            throw ValidationError("--timeout must be from 0 to 86400 seconds.")
        }
    }

    func run() throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(timeout))
        while true {
            do {
                // At least a moment each: a time-out of zero would be none.
                let left = max(ContinuousClock.now.duration(to: deadline), .milliseconds(100))
                _ = try shared.connect(patience: left).call(Ping())
                if shared.json { Output.say("{}") }
                return
            } catch let problem as RPCClient.Problem {
                switch problem {
                // It is not there yet, or just going.
                case .unreachable, .closed: break
                case .impostor, .garbled, .refused: throw problem
                }
                guard ContinuousClock.now < deadline else { throw Failure(.timedOut, problem.description) }
                usleep(Self.pause)
            }
        }
    }
}
