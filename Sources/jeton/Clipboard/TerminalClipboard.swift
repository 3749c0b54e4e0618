internal import FoundationEssentials
internal import JetonAPI
internal import Processes

/// The clipboard of whatever the user's terminal runs on, reached by the terminal itself (OSC 52 of xterm's control
/// sequences): also over SSH. Nobody can say whether a terminal obeys, nor read what the clipboard has.
struct TerminalClipboard {
    /// Nil where there is no terminal, or one that is known to have none.
    init?() {
        guard let type = Clipboard.variable("TERM"), !["dumb", "linux"].contains(type), Terminal() != nil else {
            return nil
        }
    }

    func copy(_ secret: Secret) { send(secret.reveal()) }

    /// Copies something else, and then nothing: some terminals ignore the one, some the other.
    func clear() {
        send(" ")
        if Self.isInTmux { _ = Errand.run(["tmux", "delete-buffer", "-b", Self.buffer], within: Self.patience) }
        send("")
    }

    private static let patience = Duration.seconds(5)
    /// What tmux calls it in its list.
    private static let buffer = "jeton-login-token"
    private static var isInTmux: Bool { Clipboard.variable("TMUX") != nil }

    private func send(_ text: String) {
        // Since 3.3 tmux lets no program's sequences through, but copies what it is told itself (since 3.2).
        let command = ["tmux", "load-buffer", "-w", "-b", Self.buffer, "-"]
        if Self.isInTmux {
            guard !text.isEmpty else { return }
            if Errand.run(command, input: Array(text.utf8), within: Self.patience) { return }
        }
        Terminal()?.write(Self.sequences(for: text))
    }

    /// The sequence, and where a program may stand between us and the terminal, one that asks it to pass it on. Each
    /// ignores what is meant for the other.
    private static func sequences(for text: String) -> String {
        let sequence = "\u{1B}]52;c;\(Data(text.utf8).base64EncodedString())\u{7}"
        let type = Clipboard.variable("TERM") ?? ""
        if Clipboard.variable("STY") != nil { return throughScreen(sequence) }
        if type.hasPrefix("screen") { return sequence + throughScreen(sequence) }
        if type.hasPrefix("tmux") || isInTmux { return sequence + throughTmux(sequence) }
        return sequence
    }

    private static func throughTmux(_ sequence: String) -> String {
        "\u{1B}Ptmux;\(sequence.replacing("\u{1B}", with: "\u{1B}\u{1B}"))\u{1B}\\"
    }

    /// In pieces: screen passes on no more than 256 bytes at once.
    private static func throughScreen(_ sequence: String) -> String {
        let characters = Array(sequence)
        return stride(from: 0, to: characters.count, by: 76).map { start in
            "\u{1B}P\(String(characters[start..<min(start + 76, characters.count)]))\u{1B}\\"
        }.joined()
    }
}
