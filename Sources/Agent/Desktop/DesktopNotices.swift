internal import JetonAPI
internal import Logging

/// What the user is told unasked, if the desktop can show it: little, so that it is read.
struct DesktopNotices: Sendable {
    let desktop: Desktop
    /// Whether the user wants any.
    let isWanted: @Sendable () -> Bool
    let logger: Logger

    func tell(_ event: some Event) {
        guard let event = event as? LoginTokenRedeemed, isWanted() else { return }
        // Unstructured: nobody waits for a desktop.
        Task {
            guard case .failed(let reason) = await desktop.ask(.tell(event)) else { return }
            logger.debug(
                "the desktop could not show a notification, ignoring",
                metadata: ["token_id": "\(event.tokenId)", "reason": "\(reason)"]
            )
        }
    }
}
