import Foundation
import TestSupport
import Testing

/// Whether shells can complete what the installer gives them.
@Suite struct CompletionTests {
    /// What is typed in each shell to see the completions of `jeton to`; `Tests/run` installs all three.
    static let shells = [
        (
            "bash",
            """
            source "$1"
            COMP_WORDS=(jeton to) COMP_CWORD=1 COMP_LINE='jeton to' COMP_POINT=8
            _jeton jeton to jeton
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        ),
        ("fish", "source $argv[1]; complete --do-complete 'jeton to'"),
        // zsh completes at its line editor only: that it takes the file, and has the function then, can be asked.
        ("zsh", "autoload -Uz compinit; compinit -u -D; source $1; (( $+functions[_jeton] )) && echo token"),
    ].filter { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0.0)") }

    @Test(arguments: shells)
    func `a shell completes the commands`(shell: String, script: String) async throws {
        let program = "/usr/bin/\(shell)"
        let folder = try ScratchFolder()
        let completions = try await run("jeton", ["--generate-completion-script", shell])
        let file = try folder.write(completions.output, to: "completions")
        let arguments = shell == "fish" ? ["-c", script, file] : ["-c", script, shell, file]
        let completed = try await run(program, arguments, environment: ["HOME": folder.path])
        let offered = completed.output.split(separator: "\n").map { $0.prefix { !$0.isWhitespace } }
        #expect(offered.contains("token"), "\(completed.output)\(completed.errors)")
    }
}
