/// A secret that a script hands over: one line on standard input, never an argument or the environment.
enum StandardInput {
    static func line(_ what: String) throws(Failure) -> String {
        guard let line = readLine(strippingNewline: true), !line.isEmpty else {
            throw Failure(.usage, "standard input gave no \(what); its first line must be the \(what)")
        }
        return line
    }

    static func everything() -> String {
        var text = ""
        while let line = readLine(strippingNewline: false) { text += line }
        return text
    }
}
