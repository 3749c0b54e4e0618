internal import FoundationEssentials
internal import JetonAPI
internal import Privacy
internal import Systemd

extension Protections {
    /// Those of this process, now; how sessions lie on the disk is nothing that the kernel knows.
    static func inForce(storage: Storage) -> Protections {
        let environment = ProcessInfo.processInfo.environment
        let sandbox = Sandbox(home: environment["HOME"], runtimeFolder: environment["XDG_RUNTIME_DIR"])
        return Protections(
            dumpable: ProcessPrivacy.isDumpable,
            memoryLocked: ProcessLimits.isMemoryLocked && LockedMemory.unlockedBytes == 0,
            sandboxed: sandbox.isFiltered,
            noCapabilities: sandbox.hasNoCapabilities,
            homeHidden: sandbox.hidesHome,
            sessionBusHidden: sandbox.hidesSessionBus,
            filesReadOnly: sandbox.isReadOnly,
            noExec: sandbox.forbidsPrograms,
            storage: storage
        )
    }
}
