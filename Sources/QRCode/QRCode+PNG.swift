/// A picture of the code. Portable Network Graphics (ISO/IEC 15948) in its plainest form: one bit a pixel, not
/// compressed, which for these few kilobytes saves a library.
extension QRCode {
    /// Pixels for a side of a module, so that a row of one module is a byte.
    private static let scale = 8

    public var png: [UInt8] {
        let side = fullWidth * Self.scale
        let header = Self.bytes(UInt32(side)) + Self.bytes(UInt32(side)) + [1, 0, 0, 0, 0]
        return [0x89] + Array("PNG\r\n\u{1A}\n".utf8) + Self.chunk("IHDR", header)
            + Self.chunk("IDAT", Self.zlib(pixels)) + Self.chunk("IEND", [])
    }

    /// The rows, each behind the number of its filter: none.
    private var pixels: [UInt8] {
        (0..<fullWidth).flatMap { row in
            let line = [0] + (0..<fullWidth).map { isDark($0, row) ? UInt8(0) : 0xFF }
            return Array(repeatElement(line, count: Self.scale).joined())
        }
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt32($0)) }
    }

    private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let content = Array(type.utf8) + data
        return bytes(UInt32(data.count)) + content + bytes(checksum(content))
    }

    /// A stream whose blocks are stored as they are (RFC 1950 and 1951).
    private static func zlib(_ data: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var rest = data[...]
        while !rest.isEmpty {
            let block = rest.prefix(Int(UInt16.max))
            rest = rest.dropFirst(block.count)
            let (low, high) = (UInt8(block.count & 0xFF), UInt8(block.count >> 8))
            stream += [rest.isEmpty ? 1 : 0, low, high, ~low, ~high] + block
        }
        var (one, two): (UInt32, UInt32) = (1, 0)
        for byte in data {
            one = (one + UInt32(byte)) % 65521
            two = (two + one) % 65521
        }
        return stream + bytes(two << 16 | one)
    }

    /// CRC-32 (ISO/IEC 15948, annex D).
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? 0xEDB8_8320 ^ (sum >> 1) : sum >> 1 }
        }
    }
}
