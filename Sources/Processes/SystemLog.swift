internal import Glibc

/// syslog(3), which the journal keeps where there is one: what nobody reads now can be looked up there.
public enum SystemLog {
    /// - Parameters:
    ///   - text: one line.
    ///   - name: by which it is found again.
    public static func note(_ text: String, as name: String) {
        unsafe name.withCString { name in
            unsafe openlog(name, LOG_PID, LOG_USER)
            unsafe text.withCString { text in unsafe withVaList([text]) { unsafe vsyslog(LOG_NOTICE, "%s", $0) } }
            closelog()
        }
    }
}
