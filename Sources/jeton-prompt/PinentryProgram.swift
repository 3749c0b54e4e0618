internal import Activation
internal import FoundationEssentials
internal import JetonAPI

/// Which program asks: the user's choice, read here, since the agent must have no say in what is run.
enum PinentryProgram {
    /// What distributions let the administrator choose.
    private static let usual = "/usr/bin/pinentry"

    /// The part of the configuration that is ours; the agent looks after the rest.
    private struct File: Decodable { var pinentry: String? }

    static func find(in option: String?, _ environment: [String: String]) throws -> String {
        var program = usual
        guard let folder = option ?? folder(environment) else { return program }
        do {
            for file in try ConfigurationFiles.read(folder: folder) {
                // Foundation's decoder ends the process at a key in another encoding.
                guard String(validating: file.text, as: UTF8.self) != nil,
                    let own = try? JSONCoding.decoder(dialect: .json5).decode(File.self, from: Data(file.text))
                else {
                    throw Refusal("\(file.path) cannot be understood; `jetond --check-config` says what is wrong")
                }
                program = own.pinentry ?? program
            }
        } catch let problem as ConfigurationProblem {
            throw Refusal(problem.description)
        }
        guard program.hasPrefix("/") else { throw Refusal("pinentry in config.json5 must be a whole path, from / on") }
        return program
    }

    private static func folder(_ environment: [String: String]) -> String? {
        if let folder = environment["CONFIGURATION_DIRECTORY"]?.split(separator: ":").first { return String(folder) }
        if let base = environment["XDG_CONFIG_HOME"], !base.isEmpty { return "\(base)/jeton" }
        return environment["HOME"].map { "\($0)/.config/jeton" }
    }
}
