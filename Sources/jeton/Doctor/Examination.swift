internal import FoundationEssentials
internal import Glibc
internal import JetonAPI

/// Looks at everything that must be right for a login token to be minted. It changes nothing, and always ends.
struct Examination {
    var findings = Findings()
    let socketPath: String
    /// Of the agent; nil where it has no usual place.
    let stateFolder: String?
    let configurationFolder: String?
    /// Nil where no user manager answers.
    let units: Units?
    /// Why not.
    let unitsUnknown: String

    /// EX_CONFIG of sysexits.h, which our programs end with where only the user can help.
    static let misconfigured: Int32 = 78

    /// How long the agent may take to answer: it may be starting.
    static let patience = Duration.seconds(10)

    init(socketPath: String, state: String?, configuration: String?) {
        self.socketPath = socketPath
        stateFolder = try? Folders.state(state)
        configurationFolder = try? Folders.configuration(configuration)
        do {
            units = try Units.ask()
            unitsUnknown = ""
        } catch {
            units = nil
            unitsUnknown = error.detail
        }
    }

    /// In the order in which one thing depends on another.
    mutating func run() {
        lookAtUnits()
        lookAtSocket()
        lookAtConfiguration()
        lookAtState()
        lookAtQuestions()
        lookAtPrompt()
        lookAtAgent()
    }

    /// How an agent is started here, as a cure.
    var start: String {
        guard isUsual else {
            let here = "jetond --socket \(FileFacts.quoted(socketPath))"
            return "Start one there: \(here); or name another socket with --socket or JETON_SOCKET."
        }
        return units?.start ?? "Run: jetond"
    }

    /// Whether the socket is where systemd has it.
    var isUsual: Bool { (try? SocketPath.usual()) == socketPath }

    /// Where the user can be asked.
    private mutating func lookAtQuestions() {
        let environment = ProcessInfo.processInfo.environment
        let hasBrowser = ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"].contains { environment[$0]?.isEmpty == false }
        let places = (Terminal() == nil ? [] : ["on this terminal"]) + (hasBrowser ? ["in a browser"] : [])
        guard !places.isEmpty else {
            return findings.note("questions", "you can be asked nowhere here; scripts give --password-stdin")
        }
        findings.ok("questions", "you are asked \(places.joined(separator: " and "))")
    }
}
