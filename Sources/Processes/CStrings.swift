internal import Glibc

/// What exec(3) and posix_spawn(3) take.
enum CStrings {
    /// A null-terminated list of C strings, for as long as `body` runs.
    static func with<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = unsafe strings.map { unsafe strdup($0) } + [nil]
        defer { unsafe copies.forEach { unsafe free($0) } }
        return unsafe body(copies)
    }
}
