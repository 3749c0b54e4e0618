internal import Glibc

/// Standard input, output and error, which some programs are started without.
public enum StandardDescriptors {
    /// Takes the numbers of those that are closed. The next file or socket would get them, and with them what is meant
    /// for the user. Whoever reads or writes there is told that it cannot be, as before, and so are programs that we
    /// start. To be called before anything is opened.
    public static func takeClosed() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            // For the other direction alone; the lowest number that is free is this one.
            let direction = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY
            _ = unsafe open("/dev/null", direction | O_CLOEXEC)
        }
    }
}
