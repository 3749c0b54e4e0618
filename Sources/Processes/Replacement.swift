internal import FoundationEssentials
internal import Glibc

/// Another program in the place of this one: the same process, so that its exit status and signals are its own.
public enum Replacement {
    /// Returns only where there is no such program; it is looked for by the PATH that it will have.
    public static func begin(_ command: [String], environment: [String: String]) {
        guard let program = command.first.flatMap({ find($0, in: environment) }) else { return }
        unsafe CStrings.with(command) { arguments in
            unsafe CStrings.with(environment.map { "\($0)=\($1)" }) { environment in
                _ = unsafe execve(program, arguments, environment)
            }
        }
    }

    /// Where a program lies, by its name or its path.
    public static func find(_ name: String) -> String? { find(name, in: ProcessInfo.processInfo.environment) }

    static func find(_ name: String, in environment: [String: String]) -> String? {
        if name.contains("/") { return unsafe access(name, X_OK) == 0 ? name : nil }
        let folders = (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { unsafe access($0, X_OK) == 0 }
    }
}
