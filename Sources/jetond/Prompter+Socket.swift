internal import Agent
internal import JetonAPI
internal import NIOCore
internal import Prompting

extension Prompter {
    /// Asks by jeton-prompt, at its socket.
    /// - Parameters:
    ///   - option: where that is, if not at the usual place.
    ///   - loop: where its connections are served.
    ///   - isSupervised: whether systemd runs the agent.
    init(at option: String?, on loop: any EventLoop, isSupervised: Bool) {
        let path = option ?? (try? SocketPath.prompt())
        do throws(ActivatedProgram.NoPlace) {
            let program = try ActivatedProgram("jeton-prompt", at: path, on: loop, isSupervised: isSupervised)
            let socket = PromptSocket(program)
            self.init(obstacle: { program.obstacle }, ask: { await socket.ask($0) })
        } catch {
            self.init(obstacle: { error.reason }, ask: { _ in .unavailable(error.reason) })
        }
    }
}
