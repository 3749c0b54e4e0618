internal import Agent
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import SSOCallback
internal import Systemd

extension Loopback {
    /// By the kernel's tables, and a connection of our own.
    init(on loop: any EventLoop) {
        let visit = CallbackVisit(on: loop)
        self.init(
            listeners: { port, namingProcesses in
                // On a thread of its own: the tables are as long as the machine is busy.
                let all = try? await NIOThreadPool.singleton.runIfActive {
                    TCPListener.all(at: port).map { Listener($0, namingProcess: namingProcesses) }
                }
                return all ?? []
            },
            isAcceptedByUs: { port, ownPort, isIPv6 in
                try? await NIOThreadPool.singleton.runIfActive {
                    AcceptedConnection(at: port, from: ownPort, isIPv6: isIPv6).map { $0.uid == Int(geteuid()) }
                }
            },
            deliver: { token, redirect, isIPv6, check in
                switch await visit.bring(token, to: redirect, isIPv6: isIPv6, check: check) {
                case .answered(let status): .answered(status: status)
                case .unreachable: .unreachable
                case .withheld: .withheld
                case .abandoned: .abandoned
                case .unanswered: .unanswered
                }
            }
        )
    }
}

extension Loopback.Listener {
    fileprivate init(_ listener: TCPListener, namingProcess: Bool) {
        let reach: Reach =
            switch listener.reach {
            case .ipv4: .ipv4
            case .ipv6: .ipv6
            case .either: .either
            }
        let isOurs = listener.uid == Int(geteuid())
        let holder = namingProcess && isOurs ? listener.holder : nil
        self.init(
            listener.inode,
            reach,
            isOurs: isOurs,
            pid: holder?.pid,
            command: holder?.command,
            unit: holder?.unit
        )
    }
}
