import Foundation
public import Testing

/// Matrix clients as their users have them, from PyPI (Tests/clients).
public enum RealClients {
    /// The Python that has them; without it `Tests/run` says loudly that the tests are skipped.
    public static let python = ProcessInfo.processInfo.environment["JETON_TEST_CLIENTS"]
}

extension Trait where Self == ConditionTrait {
    /// Of what real clients do at a real homeserver.
    public static var needsRealClients: Self {
        .enabled(
            if: RealClients.python != nil && HomeserverKind.available.contains(.synapse),
            "SKIPPED: there are no real clients here, or no Synapse"
        )
    }
}
