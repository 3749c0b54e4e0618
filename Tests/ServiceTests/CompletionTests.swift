import Foundation
import TestSupport
import Testing

/// Whether shells complete, given what the installer gives them.
@Suite struct CompletionTests {
    /// For each shell: completes the words after the file's name, and prints what it offers. `Tests/run` installs all.
    static let shells = [
        "bash": """
        source "$1"; shift
        COMP_WORDS=(jeton "$@") COMP_CWORD=$# COMP_LINE="jeton $*"; COMP_POINT=${#COMP_LINE}
        _jeton jeton "${!#}" jeton
        printf '%s\\n' "${COMPREPLY[@]}"
        """,
        "fish": #"source $argv[1]; complete --do-complete "jeton $argv[2..]""#,
        // zsh completes in its line editor only: so a second one sits at a terminal, where Tab completes and enters.
        "zsh": """
        file=$1; shift
        zmodload zsh/zpty
        zpty -b inner TERM=dumb zsh -f -i
        zpty -w inner "fpath=(${file:h} \\$fpath); autoload -Uz compinit; compinit -u -D"
        zpty -w inner 'take() { zle expand-or-complete; zle accept-line }; zle -N take; bindkey "^I" take'
        zpty -w inner 'jeton() { print -r -- "chosen: ${@[-1]}:" }; print -r re"ad"y'
        zpty -r -m inner said '*ready*'
        zpty -w -n inner "jeton $*"$'\\t'
        zpty -r -m inner said '*chosen: *:*'
        zpty -d inner
        said=${said##*chosen: }; print -r -- "${said%%:*}"
        """,
    ]

    static let cases: [(shell: String, words: [String], whole: String)] = ["bash", "fish", "zsh"]
        .filter { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") }
        .flatMap { shell in
            [
                (shell, ["rev"], "revoke"), (shell, ["aud"], "audit"), (shell, ["doc"], "doctor"),
                (shell, ["audit", "--fol"], "--follow"), (shell, ["accounts", "ref"], "refresh"),
            ]
        }

    @Test(arguments: cases)
    func `a shell completes commands and options`(shell: String, words: [String], whole: String) async throws {
        let folder = try ScratchFolder()
        let completions = try await run("jeton", ["--generate-completion-script", shell])
        // By this name zsh looks for it.
        let file = try folder.write(completions.output, to: "_jeton")
        let script = try #require(Self.shells[shell])
        let name = shell == "fish" ? [] : [shell]
        // A shell that waits for something that never comes must fail the test, not hang it.
        let completed = try await run(
            "/usr/bin/timeout",
            ["60", "/usr/bin/\(shell)", "-c", script] + name + [file] + words,
            environment: ["HOME": folder.path]
        )
        let offered = completed.output.split(separator: "\n").map { String($0.prefix { !$0.isWhitespace }) }
        #expect(offered == [whole], "\(completed.output)\(completed.errors)")
    }
}
