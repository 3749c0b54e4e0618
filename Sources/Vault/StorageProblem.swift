internal import Glibc
internal import SystemPackage

/// What is wrong with a file or folder of the agent's state, and what the user can do about it.
public struct StorageProblem: Error, Sendable, Equatable, CustomStringConvertible {
    public var path: String
    public var detail: String

    public init(path: String, detail: String) {
        self.path = path
        self.detail = detail
    }

    public var description: String { "\(path): \(detail)" }

    static func damaged(_ path: String, _ how: String) -> StorageProblem {
        StorageProblem(path: path, detail: "is damaged (\(how)); restore it from a backup, or move it away")
    }

    static func newer(_ path: String, _ version: Int, known: Int) -> StorageProblem {
        let detail = "was written by a newer jetond (form \(version), known: \(known)); update jetond"
        return StorageProblem(path: path, detail: detail)
    }

    /// The kernel's last error, in its own words.
    static func last(_ action: String, _ path: String) -> StorageProblem {
        StorageProblem(path: path, detail: "cannot \(action): \(Errno(rawValue: errno))")
    }
}

/// What is wrong with encrypted state.
extension StorageProblem {
    static func brokenSeal(_ path: String, line: Int? = nil) -> StorageProblem {
        let place = line.map { "line \($0)" } ?? "it"
        let detail = """
            is damaged, or was another file (the seal of \(place) does not fit); restore it from a backup, or move it away
            """
        return StorageProblem(path: path, detail: detail)
    }

    static func plainAmongSealed(_ path: String) -> StorageProblem {
        let detail = """
            is not encrypted, and everything else here is; move it away. To take it in, run `jeton store decrypt`, put \
            it back, and run `jeton store encrypt`
            """
        return StorageProblem(path: path, detail: detail)
    }

    static func unknownSeal(_ path: String) -> StorageProblem {
        let detail = """
            is encrypted under a key that \(StoreHead.fileName) does not hold; restore both from the same backup, or \
            move it away
            """
        return StorageProblem(path: path, detail: detail)
    }

    static func sealedWithoutHead(_ path: String) -> StorageProblem {
        let detail = """
            is encrypted, and \(StoreHead.fileName) beside it, which holds the key, is not there or says that nothing \
            is; restore both from the same backup, or move it away
            """
        return StorageProblem(path: path, detail: detail)
    }

    /// The reason says why, and what to do.
    static func noKey(_ path: String, _ reason: String) -> StorageProblem {
        StorageProblem(path: path, detail: "the state beside it is encrypted, and its key is missing: \(reason)")
    }

    static func wrongKey(_ path: String) -> StorageProblem {
        let detail = """
            the state beside it is encrypted under another key than the one that came as the credential \
            \(StoreCredential.name). The right one may lie in a keyring that is still locked: unlock all of them, and \
            start the agent again; else bring it back from a backup. Where it is lost for good, move the whole folder \
            away and sign in again
            """
        return StorageProblem(path: path, detail: detail)
    }
}
