internal import Glibc
internal import JetonAPI
internal import Processes

/// A program that reaches a desktop's clipboard. What is copied goes to its standard input, where nobody else reads it.
struct ClipboardTool {
    /// The package that has it.
    let package: String
    /// It leaves a process behind that hands out what was copied.
    let copy: [String]
    let paste: [String]
    let clear: [String]
    /// Fails where there is no display for it; nil where that is seen otherwise.
    private let probe: [String]?
    /// Whether it returns before it has the clipboard: what it leaves behind takes that.
    private let isHasty: Bool

    var name: String { copy[0] }

    static let wlCopy = ClipboardTool(
        package: "wl-clipboard",
        copy: ["wl-copy", "--type", "text/plain"],
        paste: ["wl-paste", "--no-newline"],
        clear: ["wl-copy", "--clear"],
        probe: nil,
        isHasty: false
    )
    static let xclip = ClipboardTool(
        package: "xclip",
        copy: ["xclip", "-selection", "clipboard"],
        paste: ["xclip", "-selection", "clipboard", "-o"],
        // Nothing is copied: it can do no other.
        clear: ["xclip", "-selection", "clipboard"],
        // The one buffer that belongs to the display itself, and so is always there.
        probe: ["xclip", "-selection", "buffer-cut", "-o"],
        isHasty: true
    )
    static let xsel = ClipboardTool(
        package: "xsel",
        copy: ["xsel", "--clipboard", "--input"],
        paste: ["xsel", "--clipboard", "--output"],
        clear: ["xsel", "--clipboard", "--clear"],
        probe: ["xsel", "--clipboard", "--output"],
        isHasty: true
    )

    static func named(_ name: String) -> ClipboardTool? { [wlCopy, xclip, xsel].first { $0.name == name } }

    var isInstalled: Bool { [copy, paste].allSatisfy { Replacement.find($0[0]) != nil } }

    var hasDisplay: Bool { probe.map { Errand.read($0, atMost: 1, within: Self.patience) != nil } ?? true }

    /// Displays answer within milliseconds; over SSH it may take longer.
    private static let patience = Duration.seconds(5)

    /// - Returns: whether the clipboard has it.
    func copy(_ secret: Secret) -> Bool {
        let token = Array(secret.reveal().utf8)
        guard Errand.run(copy + marks, input: token, within: Self.patience) else { return false }
        return !isHasty || waits(until: true, token)
    }

    /// Clears the clipboard, unless something else was copied since.
    func clear(holding secret: Secret) {
        let token = Array(secret.reveal().utf8)
        guard holds(token) else { return }
        _ = Errand.run(clear, within: Self.patience)
        if isHasty { _ = waits(until: false, token) }
    }

    /// Waits until the clipboard holds the token, or does so no more.
    /// - Returns: whether that came to be.
    private func waits(until isHeld: Bool, _ token: [UInt8]) -> Bool {
        let deadline = ContinuousClock.now.advanced(by: Self.patience)
        // Where the owner changes while it is asked, xsel waits for ever.
        while holds(token, within: .seconds(1)) != isHeld {
            guard ContinuousClock.now < deadline else { return false }
            usleep(10_000)
        }
        return true
    }

    private func holds(_ token: [UInt8], within limit: Duration = patience) -> Bool {
        Errand.read(paste, atMost: token.count + 1, within: limit) == token
    }

    /// Asks programs that keep what was copied not to keep this (wl-clipboard 2.3).
    private var marks: [String] {
        let mark = "--sensitive"
        guard name == Self.wlCopy.name, let help = Errand.read([name, "--help"], atMost: 8192, within: Self.patience)
        else { return [] }
        return String(decoding: help, as: UTF8.self).contains(mark) ? [mark] : []
    }
}
