internal import JetonAPI
internal import RPCClient
internal import Systemd

/// Tells the user that a device was signed in, and signs it out if it was not the user who did that.
struct SignInNotice {
    private let event: LoginTokenRedeemed
    private let devices: [Redeemer]

    /// So long the button works; then it goes, for somebody would have to wait for it for ever.
    private static let life = Duration.seconds(600)
    /// More buttons than that are not shown by all.
    private static let mostButtons = 3

    init(_ event: LoginTokenRedeemed) {
        self.event = event
        devices = event.redeemedBy.map { [$0] } ?? event.candidates ?? []
    }

    /// - Parameter answer: called once, as soon as it is shown or cannot be.
    func show(_ answer: (DesktopAnswer) -> Void) {
        var hasAnswered = false
        do throws(SessionBus.Failure) {
            let service = try NotificationService()
            var notification = notification(for: service)
            let number = try service.show(notification)
            answer(.done)
            hasAnswered = true
            guard service.hasButtons, !devices.isEmpty else { return }
            switch try service.ending(of: number, until: .now.advanced(by: Self.life)) {
            case .closed: return
            case .pressed(let button):
                guard let index = devices.indices.first(where: { Self.button($0) == button }) else { return }
                let device = devices[index]
                _ = try service.show(signOut(device, for: service))
            case .late:
                // The same without a button that nobody hears.
                (notification.actions, notification.replacing) = ([], number)
                _ = try service.show(notification)
            }
        } catch {
            let problem = "no notification can be shown: \(error.sentence)"
            StandardError.write("jeton-desktop: \(problem)\n")
            if !hasAnswered { answer(.failed(reason: problem)) }
        }
    }

    /// Asks the agent, which asks the user by its prompt.
    private func signOut(_ device: Redeemer, for service: NotificationService) -> NotificationService.Notification {
        let words = NoticeWords(event)
        do {
            let agent = try RPCClient(path: try SocketPath.find(option: nil))
            let request = SignOutDevice(account: event.account, deviceId: device.deviceId, prompt: .agent)
            _ = try agent.call(request)
            return .init("Device signed out", service.bodyText(words.signedOut(device)))
        } catch {
            StandardError.write("jeton-desktop: a device could not be signed out: \(error)\n")
            return .init("Device still signed in", service.bodyText(words.stillSignedIn(device, "\(error)")))
        }
    }

    private func notification(for service: NotificationService) -> NotificationService.Notification {
        let words = NoticeWords(event)
        var notification = NotificationService.Notification(words.summary, service.bodyText(words.body(devices)))
        notification.life = Self.life
        notification.actions = devices.indices.prefix(Self.mostButtons).map { index in
            let label = devices.count == 1 ? "This was not me" : "Sign out \(words.name(of: devices[index]))"
            return (Self.button(index), label)
        }
        return notification
    }

    private static func button(_ index: Int) -> String { "sign-out-\(index)" }
}

extension SessionBus.Failure {
    /// Without its full stop.
    var sentence: String {
        switch self {
        case .refused(let name): "the session bus says \(name)"
        case .broken(let error): "the session bus does not answer (\(error))"
        }
    }
}
