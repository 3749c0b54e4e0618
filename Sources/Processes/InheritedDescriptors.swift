internal import FoundationEssentials
internal import Glibc

/// The descriptors that somebody has given to this process, for itself and for the programs that it starts. What libraries
/// open later is nobody else's: not all of them say so to the kernel.
public struct InheritedDescriptors: Sendable {
    private let numbers: Set<CInt>

    /// To be asked for before anything is opened.
    public init() { numbers = Set(Self.open) }

    /// Keeps everything else from programs that are started from now on.
    public func withholdOthers() {
        for descriptor in Self.open where !numbers.contains(descriptor) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    }

    private static var open: [CInt] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.compactMap { CInt($0) }
    }
}
