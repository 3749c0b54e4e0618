internal import FoundationEssentials
internal import Glibc
internal import JetonAPI
internal import Processes

/// What the programs that come in our place are given, and where ours lie.
enum Execution {
    /// This program's file.
    static var path: String? { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") }

    /// A program of ours that lies beside this one, or where the helpers are installed.
    static func own(_ name: String) -> String? {
        guard let path, let end = path.lastIndex(of: "/") else { return nil }
        return ["", "/../libexec/jeton"].map { "\(path[..<end])\($0)/\(name)" }.first { unsafe access($0, X_OK) == 0 }
    }

    /// Descriptors that a program can be given something on: not where it speaks.
    static func canOffer(on descriptor: Int32) -> Bool { descriptor == 0 || (3...1023).contains(descriptor) }

    /// Lets the program that comes next read a secret from a descriptor: a line, and then the end.
    static func offer(_ secret: Secret, on descriptor: CInt) throws(Failure) {
        do {
            try Inheritance(Array("\(secret.reveal())\n".utf8)).keep(as: descriptor)
        } catch {
            throw Failure(.failed, "the login token could not be handed on (\(error))")
        }
    }
}
