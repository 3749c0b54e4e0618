/// What the agent wants of the user's desktop: typed facts. The words and the ways are jeton-desktop's own.
public enum DesktopTask: Codable, Sendable, Equatable {
    /// The user is to know of this, and may object.
    case tell(LoginTokenRedeemed)
    /// What would open addresses of this scheme, and whether a login token may go there.
    case find(scheme: String)
    /// This address, which has a login token in it, is to be opened by this application, as `find` has named it; and by
    /// none, if another one opens its scheme now.
    case open(scheme: String, address: Secret, application: String)

    /// A line of JSON that is longer is no task.
    public static let maximumBytes = 32 * 1024
}

/// What came of it.
public enum DesktopAnswer: Codable, Sendable, Equatable {
    case done
    /// Names, for people.
    case application(String)
    /// By the user.
    case cancelled
    /// A sentence without its full stop.
    case failed(reason: String)

    /// A line of JSON that is longer is no answer.
    public static let maximumBytes = 16 * 1024
}
