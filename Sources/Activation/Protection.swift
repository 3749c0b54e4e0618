internal import Privacy
internal import Systemd

/// What a program that handles secrets does before anything else.
public enum Protection {
    /// Keeps its memory to itself, and goes on where that cannot be had.
    /// - Parameter program: as in `jeton-prompt`.
    public static func begin(in program: String) {
        do {
            try ProcessPrivacy.begin()
            try ProcessPrivacy.forbidCores()
        } catch {
            StandardError.write("\(program): ignoring that a protection cannot be had: \(error)\n")
        }
    }
}
