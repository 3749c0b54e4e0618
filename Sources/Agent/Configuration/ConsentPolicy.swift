public import JetonAPI

/// Who has to agree before a login token is delivered.
public enum ConsentPolicy: String, StringChoice {
    /// The homeserver verifies the user, by auth that the caller brings; where it asks nothing, the agent's prompt.
    case auto
    /// As auto; where the homeserver asks nothing, the caller's word is enough.
    case caller
    /// The agent's prompt, always.
    case prompt
    /// Nobody, where the homeserver asks nothing: for machines without a user.
    case none

    /// Whether the word of the one who asks counts, where the homeserver verifies nobody.
    var trustsCallers: Bool { self == .caller || self == .none }
}
