/// The bytes of a secret, in locked memory; they are overwritten when nobody has it any more.
public final class SecretBytes: Sendable {
    private let block: LockedPages.Block
    private let count: Int

    /// A copy of these.
    public init(_ bytes: UnsafeRawBufferPointer) {
        block = LockedMemory.take(bytes.count)
        count = bytes.count
        if let first = bytes.baseAddress { unsafe block.start.copyMemory(from: first, byteCount: count) }
    }

    deinit { LockedMemory.giveBack(block) }

    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe body(UnsafeRawBufferPointer(start: block.start, count: count))
    }
}
