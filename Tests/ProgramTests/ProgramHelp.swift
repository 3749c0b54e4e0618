import Foundation
import TestSupport

/// What roff would obey, made harmless.
enum Roff {
    /// Text to read: sentences begin on lines of their own.
    static func plain(_ text: String) -> String {
        text.replacing(". ", with: ".\n").split(separator: "\n").map(line).joined(separator: "\n")
    }

    /// Text to show as it stands.
    static func line(_ text: Substring) -> String {
        let escaped = text.replacing("\\", with: "\\e").replacing("`", with: "\\(ga").replacing("'", with: "\\(aq")
            .replacing("^", with: "\\(ha").replacing("~", with: "\\(ti").replacing("\"", with: "\\(dq")
        return escaped.hasPrefix(".") ? "\\&" + escaped : String(escaped)
    }
}

/// What a program of ours says about its commands and options.
struct ProgramHelp: Decodable {
    struct Command: Decodable {
        var commandName: String
        var abstract: String?
        var discussion: String?
        var arguments: [Argument]?
        var subcommands: [Command]?
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String
        }

        var kind: String
        var names: [Name]?
        var valueName: String?
        var abstract: String?
        var defaultValue: String?
        var allValues: [String]?
        var isOptional: Bool
        var isRepeating: Bool
        var shouldDisplay: Bool
    }

    var command: Command

    static func of(_ program: String) async throws -> ProgramHelp {
        let ended = try await run(program, ["--experimental-dump-help"])
        return try JSONDecoder().decode(ProgramHelp.self, from: Data(ended.output.utf8))
    }

    /// What is broken into lines by hand: a terminal of another width would break it once more.
    func brokenParagraphs() -> [String] { Self.brokenParagraphs(of: command) }

    private static func brokenParagraphs(of command: Command) -> [String] {
        let own = (command.discussion ?? "").components(separatedBy: "\n\n").filter { $0.contains("\n") }
        return own + (command.subcommands ?? []).flatMap { brokenParagraphs(of: $0) }
    }

    func options() -> [String] { Self.list(command.arguments ?? []) }

    func commands() -> [String] { (command.subcommands ?? []).flatMap { Self.section($0, below: []) } }

    private static func section(_ command: Command, below names: [String]) -> [String] {
        let path = names + [command.commandName]
        guard path != ["help"] else { return [] }
        let inner = (command.subcommands ?? []).flatMap { section($0, below: path) }
        let arguments = command.arguments ?? []
        let positional = arguments.filter { $0.kind == "positional" && $0.shouldDisplay }.map { argument in
            let name = "Ar \(argument.valueName ?? "")" + (argument.isRepeating ? " ..." : "")
            return argument.isOptional ? "Op \(name)" : name
        }
        let title = [".Ss jeton \(path.joined(separator: " "))"] + positional
        let text = [command.abstract.map(Roff.plain), command.discussion.map { paragraphs($0) }].compactMap(\.self)
        return [title.joined(separator: " ")] + [text.joined(separator: "\n.Pp\n")] + list(arguments) + inner
    }

    private static func paragraphs(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.map { $0.isEmpty ? ".Pp" : Roff.plain(String($0)) }.joined(separator: "\n")
    }

    private static func list(_ arguments: [Argument]) -> [String] {
        let shown = arguments.filter { argument in
            argument.shouldDisplay && !["help", "version"].contains(argument.names?.last?.name)
        }
        guard !shown.isEmpty else { return [] }
        return [".Bl -tag -width Ds"] + shown.flatMap { [heading($0), Roff.plain(explanation($0))] } + [".El"]
    }

    private static func heading(_ argument: Argument) -> String {
        let names = (argument.names ?? []).map { name in
            name.kind == "long" ? "Fl -\(name.name)" : "Fl \(name.name)"
        }
        let value = argument.kind == "flag" ? [] : ["Ar \(argument.valueName ?? "")"]
        return ".It " + ([names.joined(separator: " , ")] + value).filter { !$0.isEmpty }.joined(separator: " ")
    }

    private static func explanation(_ argument: Argument) -> String {
        let values = argument.allValues.map { "Values: \($0.joined(separator: ", "))." }
        let fallback = argument.defaultValue.map { "Default: \($0)." }
        return [argument.abstract, values, fallback].compactMap(\.self).joined(separator: " ")
    }
}
