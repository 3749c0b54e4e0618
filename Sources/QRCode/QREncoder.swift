internal import Glibc

/// Makes QR codes by libqrencode, which is loaded when it is wanted: a machine need not have it.
@safe public struct QREncoder: Sendable {
    /// Why there is no code.
    public enum Problem: Error, Equatable, CustomStringConvertible {
        case noLibrary(String)
        /// There is more than a code can hold.
        case tooLong

        public var description: String {
            switch self {
            case .noLibrary(let detail):
                "a QR code takes the library libqrencode, which Debian has as libqrencode4 (\(detail))"
            case .tooLong: "this is more than a QR code can hold"
            }
        }
    }

    private let encode: @convention(c) (UnsafePointer<CChar>, CInt, CInt) -> UnsafeMutableRawPointer?
    private let free: @convention(c) (UnsafeMutableRawPointer) -> Void

    /// - Throws: what is missing.
    public init() throws(Problem) { try self.init(library: "libqrencode.so.4") }

    init(library name: String) throws(Problem) {
        // It stays loaded until the process ends: the functions point into it.
        guard let library = unsafe dlopen(name, RTLD_NOW | RTLD_LOCAL) else { throw .last }
        unsafe encode = try Self.find("QRcode_encodeString8bit", in: library)
        unsafe free = try Self.find("QRcode_free", in: library)
    }

    /// Makes the smallest code for a text.
    public func code(for text: String) throws(Problem) -> QRCode {
        // Version 0 is the smallest that fits; level L (0) corrects least: a screen has no stains.
        guard let made = unsafe encode(text, 0, 0) else { throw .tooLong }
        defer { unsafe free(made) }
        // struct QRcode { int version; int width; unsigned char *data; }, whose bytes have the colour in bit 0.
        let width = Int(unsafe made.load(fromByteOffset: MemoryLayout<CInt>.size, as: CInt.self))
        let data = unsafe made.load(fromByteOffset: 2 * MemoryLayout<CInt>.size, as: UnsafePointer<UInt8>.self)
        let modules = unsafe UnsafeBufferPointer(start: data, count: width * width).map { $0 & 1 == 1 }
        return QRCode(width: width, modules: modules)
    }

    private static func find<Function>(
        _ name: String,
        in library: UnsafeMutableRawPointer
    ) throws(Problem) -> Function {
        guard let symbol = unsafe dlsym(library, name) else { throw .last }
        return unsafe unsafeBitCast(symbol, to: Function.self)
    }
}

extension QREncoder.Problem {
    /// What the dynamic linker says.
    fileprivate static var last: QREncoder.Problem {
        let text = unsafe dlerror().map { unsafe String(cString: $0) } ?? "no reason is told"
        return .noLibrary(text)
    }
}
