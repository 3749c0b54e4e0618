internal import Logging
internal import NIOCore
internal import Systemd

/// Tells that the network has changed, while somebody waits for it: otherwise its news would wake an idle process.
final class NetworkWatch: Sendable {
    /// A network that comes up has several pieces of news in a row.
    private static let pause = TimeAmount.seconds(1)

    private struct State {
        var isWanted = false
        var channel: (any Channel)?
        var pending: Scheduled<Void>?
    }

    private let loop: any EventLoop
    private let changed: @Sendable () -> Void
    private let logger: Logger
    private let state: NIOLoopBoundBox<State>

    init(on loop: any EventLoop, logger: Logger, changed: @escaping @Sendable () -> Void) {
        self.loop = loop
        self.logger = logger
        self.changed = changed
        state = .makeBoxSendingValue(State(), eventLoop: loop)
    }

    /// Begins to watch, or ends it.
    func set(_ isWanted: Bool) { loop.execute { self.turn(isWanted) } }

    private func turn(_ isWanted: Bool) {
        state.value.isWanted = isWanted
        guard isWanted else {
            state.value.channel?.close(promise: nil)
            state.value.channel = nil
            state.value.pending?.cancel()
            state.value.pending = nil
            return
        }
        guard state.value.channel == nil else { return }
        do {
            Bell.hang(on: try NetworkChanges.open(), loop) { self.note() }.whenComplete { self.hung($0) }
        } catch {
            logger.debug("ignoring that the network cannot be watched", metadata: ["error": "\(error)"])
        }
    }

    private func hung(_ result: Result<any Channel, any Error>) {
        switch result {
        case .success(let channel) where state.value.isWanted && state.value.channel == nil:
            state.value.channel = channel
        case .success(let channel): channel.close(promise: nil)
        case .failure(let error):
            logger.debug("ignoring that the network cannot be watched", metadata: ["error": "\(error)"])
        }
    }

    private func note() {
        guard state.value.isWanted, state.value.pending == nil else { return }
        state.value.pending = loop.scheduleTask(in: Self.pause) {
            self.state.value.pending = nil
            self.logger.debug("the network has changed")
            self.changed()
        }
    }
}
