/// The characters of a secret, in locked memory; they are overwritten when nobody has it any more.
///
/// That goes for this copy. A `String` that was made from it is a copy of its own, which is overwritten when it is freed
/// (see free.c); one of up to 15 bytes lies wherever the variable lies, on a stack too, until something else lies there.
public struct SecretText: Sendable {
    private let bytes: SecretBytes

    public init(_ text: String) {
        var text = text
        bytes = text.withUTF8 { bytes in unsafe SecretBytes(UnsafeRawBufferPointer(bytes)) }
    }

    public func reveal() -> String { unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) } }

    public var isEmpty: Bool { unsafe bytes.withUnsafeBytes { unsafe $0.isEmpty } }

    /// Whether all bytes of its UTF-8 are as `isRight` wants them.
    public func allSatisfy(_ isRight: (UInt8) -> Bool) -> Bool {
        unsafe bytes.withUnsafeBytes { unsafe $0.allSatisfy(isRight) }
    }
}

extension SecretText: Hashable {
    public static func == (one: SecretText, other: SecretText) -> Bool {
        unsafe one.bytes.withUnsafeBytes { one in
            unsafe other.bytes.withUnsafeBytes { other in unsafe one.elementsEqual(other) }
        }
    }

    public func hash(into hasher: inout Hasher) {
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
}
