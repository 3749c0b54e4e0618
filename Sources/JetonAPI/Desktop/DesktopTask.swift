/// What the agent wants of the user's desktop: typed facts. The words and the ways are jeton-desktop's own.
public enum DesktopTask: Codable, Sendable, Equatable {
    /// The user is to know of this, and may object.
    case tell(LoginTokenRedeemed)

    /// A line of JSON that is longer is no task.
    public static let maximumBytes = 32 * 1024
}

/// What came of it.
public enum DesktopAnswer: Codable, Sendable, Equatable {
    case done
    /// A sentence without its full stop.
    case failed(reason: String)

    /// A line of JSON that is longer is no answer.
    public static let maximumBytes = 16 * 1024
}
