import Foundation

/// Finds what should never be found. Every password of the tests begins with a mark, every token with a homeserver's.
public enum Canary {
    public static let passwordMark = "canary-"

    /// The secrets in a text, shortened.
    public static func secrets(in text: String) -> [String] {
        let tokens = text.matches(of: /sy[tlr]_[A-Za-z0-9_-]{8,}/).map { String($0.output.prefix(10)) }
        let passwords = text.matches(of: /canary-[a-z0-9]+/).map { String($0.output) }
        return tokens + passwords
    }

    /// The files below a folder that hold a secret, the accounts' own aside, and those that a crash left half written.
    public static func leaks(below folder: String) -> [(file: String, secrets: [String])] {
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        let others = names.filter { !$0.hasSuffix(".account.json") && !$0.hasSuffix(".account.json.new") }
        return others.compactMap { name in
            guard let content = FileManager.default.contents(atPath: "\(folder)/\(name)") else { return nil }
            let found = secrets(in: String(decoding: content, as: UTF8.self))
            return found.isEmpty ? nil : (name, found)
        }
    }
}
