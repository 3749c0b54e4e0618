internal import Glibc

/// Tells what happens, a numbered step at a time.
final class Story {
    private var steps = 0

    func step(_ text: String, _ result: String? = nil) {
        steps += 1
        say("\(steps). \(text)")
        for line in (result ?? "").split(separator: "\n") { say("   → \(line)") }
    }

    func end(_ text: String) { say("\n\(text)") }

    func fail(_ error: any Error) { say("\nThe demonstration failed: \(error)") }

    /// Step by step even into a pipe: stdout's own buffer would hold it all back.
    private func say(_ text: String) {
        let line = Array("\(text)\n".utf8)
        _ = unsafe line.withUnsafeBytes { unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }
}

/// Something that must not happen.
struct Surprise: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
