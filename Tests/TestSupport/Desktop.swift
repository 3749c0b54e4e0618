import Foundation
public import Testing

/// A screen that nobody sees, with a program on it and a user before it (Tests/TestSupport/desktop).
public enum Desktop {
    /// What the user does, or waits for. Names are what a screen reader would say.
    public enum Step {
        case press(String)
        case type(String, into: String)
        case see(String)
        /// Waits until it is gone.
        case miss(String)

        fileprivate var words: [String: String] {
            switch self {
            case .press(let button): ["press": button]
            case .type(let text, let field): ["type": text, "into": field]
            case .see(let text): ["see": text]
            case .miss(let text): ["miss": text]
            }
        }
    }

    /// A user who takes steps in a program's windows.
    /// - Parameters:
    ///   - steps: one after the other.
    ///   - program: its name.
    ///   - folder: where the plan is left.
    ///   - picture: becomes what is on the screen at the end, a PNG.
    /// - Returns: the command line.
    /// - Throws: where nothing can be written.
    public static func command(
        _ steps: [Step],
        in program: String,
        folder: ScratchFolder,
        picture: String
    ) throws -> [String] {
        let plan = try JSONSerialization.data(withJSONObject: steps.map(\.words))
        let file = try folder.write(String(decoding: plan, as: UTF8.self), to: "plan.json")
        return ["\(Programs.repository)/Tests/TestSupport/desktop", file, picture, program]
    }

    /// Where pictures of tests are left for people to look at.
    public static func picture(of name: String) throws -> String {
        let folder = "\(Programs.repository)/.build/pictures"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return "\(folder)/\(name).png"
    }
}

extension Trait where Self == ConditionTrait {
    /// Of what desktop clients do at a real homeserver; without them `Tests/run` says loudly what is skipped.
    public static var needsDesktopClients: Self {
        .enabled(
            if: ProcessInfo.processInfo.environment["JETON_TEST_DESKTOP"] == "1"
                && HomeserverKind.available.contains(.synapse),
            "SKIPPED: there are no desktop clients here, or no Synapse"
        )
    }
}
