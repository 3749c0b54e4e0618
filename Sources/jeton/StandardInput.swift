internal import Glibc
internal import JetonAPI

/// A secret that a script hands over: one line on standard input, never an argument or the environment.
enum StandardInput {
    static func line(_ what: String) throws(Failure) -> String {
        let line = oneLine()
        guard !line.isEmpty else {
            throw Failure(.usage, "standard input gave no \(what); its first line must be the \(what)")
        }
        return line
    }

    /// A login token; nil where there is none.
    static func token() -> Secret? {
        let token = Secret(oneLine())
        return token.isPrintable ? token : nil
    }

    /// Byte by byte: what follows the line is for a command that comes in our place.
    private static func oneLine() -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = unsafe read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != UInt8(ascii: "\n") else { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
    }

    static func everything() -> String {
        var text = ""
        while let line = readLine(strippingNewline: false) { text += line }
        return text
    }
}
