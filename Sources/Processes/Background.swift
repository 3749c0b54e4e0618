/// Programs that are started and left to themselves.
public enum Background {
    /// Starts a program in a session of its own, so that Ctrl-C here does not end it, and without our input and output,
    /// so that nobody waits for it.
    /// - Returns: whether it was there to be started.
    public static func start(_ arguments: [String], environment: [String: String]) -> Bool {
        guard let program = arguments.first.flatMap({ Replacement.find($0, in: environment) }) else { return false }
        return (try? Spawn.apart(arguments, program: program, environment: environment).begin()) != nil
    }

    /// The same for a program that is called by another name, reads something, and waits for signals from its first
    /// moment on.
    public static func start(
        program: String,
        _ arguments: [String],
        reading input: Inheritance,
        holding signals: [CInt]
    ) -> Bool {
        (try? Spawn.apart(arguments, program: program, input: input.descriptor, holding: signals).begin()) != nil
    }
}
