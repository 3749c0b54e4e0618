internal import Activation
internal import JetonAPI
internal import Systemd

/// Opens a client's own address, with a login token in it, by the desktop's portal: never by arguments, neither ours nor
/// the client's.
struct Opening {
    let scheme: String
    var handlers = SchemeHandlers()

    /// One that is asked what to open it with may take a moment.
    private static let patience = Duration.seconds(30)

    func find() -> DesktopAnswer {
        do throws(Refusal) {
            let handler = try handler()
            _ = try portal()
            return .application(handler.words)
        } catch {
            return .failed(reason: error.reason)
        }
    }

    /// - Parameters:
    ///   - address: what is opened.
    ///   - application: what the user has agreed to, as `find` names it.
    /// - Returns: what came of it.
    func open(_ address: Secret, by application: String) -> DesktopAnswer {
        do throws(Refusal) {
            // Another one may have come in its place since.
            guard try handler().words == application else {
                throw Refusal("another program opens it now than you were asked about")
            }
            let portal = try portal()
            let outcome: DesktopPortal.Outcome
            do throws(SessionBus.Failure) {
                outcome = try portal.open(address.reveal(), within: Self.patience)
            } catch {
                throw Refusal("the portal has failed at it (\(error.sentence))")
            }
            switch outcome {
            case .opened: return .done
            case .cancelled: return .cancelled
            case .failed: throw Refusal("the portal has failed at it")
            case .late: throw Refusal("the portal did not answer in time")
            }
        } catch {
            StandardError.write("jeton-desktop: \(error.reason)\n")
            return .failed(reason: error.reason)
        }
    }

    /// The one program that the portal would start.
    private func handler() throws(Refusal) -> SchemeHandlers.Handler {
        let all = handlers.of(scheme)
        guard let first = all.first else { throw Refusal("no program of this desktop opens it") }
        guard all.count == 1 else {
            let names = all.map(\.words).joined(separator: ", ")
            throw Refusal("several programs of this desktop would open it: \(names). Remove all but one")
        }
        guard first.isOnBus else {
            throw Refusal(
                """
                \(first.words) would get the login token in its arguments, where all programs of this machine see it: its \
                desktop file does not say DBusActivatable=true
                """
            )
        }
        return first
    }

    private func portal() throws(Refusal) -> DesktopPortal {
        do throws(SessionBus.Failure) {
            return try DesktopPortal()
        } catch {
            throw Refusal("no desktop portal opens addresses here (\(error.sentence)): install xdg-desktop-portal")
        }
    }
}
