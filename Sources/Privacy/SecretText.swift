internal import Glibc

/// The characters of a secret, in locked memory; they are overwritten when nobody has it any more.
///
/// That goes for this copy. A `String` that was made from it is a copy of its own, which is overwritten when it is freed
/// (see free.c); one of up to 15 bytes lies wherever the variable lies, on a stack too, until something else lies there.
public final class SecretText: Sendable {
    private let block: LockedPages.Block
    private let count: Int

    public init(_ text: String) {
        var text = text
        (block, count) = text.withUTF8 { bytes in
            let block = LockedMemory.take(bytes.count)
            if let first = bytes.baseAddress { unsafe block.start.copyMemory(from: first, byteCount: bytes.count) }
            return (block, bytes.count)
        }
    }

    deinit { LockedMemory.giveBack(block) }

    public func reveal() -> String { unsafe String(decoding: bytes, as: UTF8.self) }

    public var isEmpty: Bool { count == 0 }

    /// Whether all bytes of its UTF-8 are as `isRight` wants them.
    public func allSatisfy(_ isRight: (UInt8) -> Bool) -> Bool { unsafe bytes.allSatisfy(isRight) }

    private var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: block.start, count: count) }
}

extension SecretText: Hashable {
    public static func == (one: SecretText, other: SecretText) -> Bool {
        unsafe one.bytes.elementsEqual(other.bytes)
    }

    public func hash(into hasher: inout Hasher) { unsafe hasher.combine(bytes: bytes) }
}
