internal import Glibc

/// A terminal as it was before a program used it. A pinentry that is killed leaves it mute.
struct TerminalState: ~Copyable {
    private let descriptor: CInt
    private let modes: termios

    /// Nil where it is no terminal, or not ours.
    init?(_ path: String) {
        descriptor = unsafe open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        var modes = termios()
        guard descriptor >= 0, unsafe tcgetattr(descriptor, &modes) == 0 else {
            if descriptor >= 0 { close(descriptor) }
            return nil
        }
        self.modes = modes
    }

    /// What was typed meanwhile is dropped: it may be the rest of a password, and the shell would take it for a command.
    func restore() {
        var modes = modes
        unsafe tcsetattr(descriptor, TCSAFLUSH, &modes)
    }

    deinit { close(descriptor) }
}
