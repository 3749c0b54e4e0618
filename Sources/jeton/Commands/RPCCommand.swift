internal import ArgumentParser
internal import FoundationEssentials
internal import JetonAPI
internal import RPCClient

struct RPCCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc",
        abstract: "Calls any method of the agent's API and prints its result as JSON.",
        discussion: """
            jeton-rpc(7) describes all methods, and so does `jeton rpc rpc.discover`. Secrets do not belong into \
            arguments, which other users can see: give params that hold one as -, and the params on standard input.
            """
    )

    @Argument(help: "The method, as in agent.status.", completion: .list(OpenRPC.methods.map { $0.name }))
    var method: String

    @Argument(help: "The params, a JSON object, or - to read them from standard input.")
    var params = "{}"

    @OptionGroup var shared: SharedOptions

    func run() throws {
        let text = params == "-" ? try StandardInput.everything("params") : Array(params.utf8)
        do {
            guard try JSONDocument(text).root.members != nil else {
                throw Failure(.usage, "params must be a JSON object, as in '{\"account\": \"@you:example.org\"}'")
            }
        } catch let error as JSONSyntaxError {
            let place = TextPlace(of: error.offset, in: text)
            throw Failure(.usage, "params are not JSON: \(place): \(error.reason)")
        }
        let result = try shared.connect().call(method: method, params: text)
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(result)) else {
            throw Failure(.failed, "the agent's result is not JSON")
        }
        // Names are as the agent gave them: they must not be turned into snake_case a second time.
        Output.say(json: value)
    }
}
