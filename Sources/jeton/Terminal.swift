internal import FoundationEssentials
internal import Glibc
internal import JetonAPI

/// The terminal that the user sits at, for questions: stdin and stdout may be pipes.
struct Terminal: ~Copyable {
    private let descriptor: CInt

    /// Nil where there is none, as in a unit or over a pipe from cron.
    init?() {
        descriptor = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// The terminal that controls this process, for the agent's prompt; nil where there is none.
    static var own: CallerTerminal? {
        // Only the controlling terminal tells a process its foreground group.
        let descriptor = [STDERR_FILENO, STDIN_FILENO, STDOUT_FILENO].first { tcgetpgrp($0) >= 0 }
        guard let descriptor, let name = unsafe ttyname(descriptor) else { return nil }
        let environment = ProcessInfo.processInfo.environment
        let type = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty }
        return CallerTerminal(tty: unsafe String(cString: name), term: environment["TERM"], lcCtype: type)
    }

    /// What comes of a question.
    enum Answer {
        case line(String)
        /// Ctrl-C, Ctrl-D.
        case gaveUp
        /// It came another way.
        case elsewhere
    }

    /// Asks, and reads a line.
    /// - Returns: nil where the user gave up.
    func ask(_ question: String, echoing: Bool = true) -> String? {
        guard case .line(let line) = ask(question, echoing: echoing, unlessReadable: nil) else { return nil }
        return line
    }

    /// Asks, until there is a line, or something to be read elsewhere.
    func ask(_ question: String, echoing: Bool, unlessReadable other: CInt?) -> Answer {
        var before = termios()
        guard unsafe tcgetattr(descriptor, &before) == 0 else { return .gaveUp }
        var during = before
        if !echoing { during.c_lflag &= ~tcflag_t(ECHO) }
        // Ctrl-C must not end us while the terminal is mute: it ends the line instead, and we put things back.
        during.c_lflag &= ~tcflag_t(ISIG)
        unsafe withUnsafeMutableBytes(of: &during.c_cc) { unsafe $0[Int(VEOL)] = Self.interrupt }
        // What was typed before the question was no answer to it.
        unsafe tcsetattr(descriptor, TCSAFLUSH, &during)
        // Only now: whoever answers at once must not be heard, nor be flushed away.
        write(question)
        let isHere = other.map { waitForLine(or: $0) } ?? true
        let line = isHere ? readLine() : nil
        unsafe tcsetattr(descriptor, TCSAFLUSH, &before)
        if !echoing || line == nil { write("\n") }
        guard isHere else { return .elsewhere }
        return line.map { .line($0) } ?? .gaveUp
    }

    /// - Returns: false where the other descriptor was first.
    private func waitForLine(or other: CInt) -> Bool {
        var both = [pollfd(fd: other, events: Int16(POLLIN), revents: 0)]
        both.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
        while unsafe poll(&both, 2, -1) < 0, errno == EINTR {}
        return both[0].revents == 0
    }

    /// A question that is answered by y or n; anything else means no.
    func confirm(_ question: String) -> Bool {
        let answer = ask("\(question) [y/N] ")?.lowercased()
        return answer == "y" || answer == "yes"
    }

    private static let interrupt: UInt8 = 0x03

    private func readLine() -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = unsafe read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != Self.interrupt else { return nil }
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
    }

    /// Writes text that it may obey.
    func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }
}
