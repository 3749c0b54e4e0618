import Foundation
import Testing

@testable import QRCode

struct QRCodeTests {
    private static let hasLibrary = (try? QREncoder()) != nil
    private static let needsLibrary = "SKIPPED: libqrencode4 is not installed"

    @Test func `says which package is missing where the library is`() {
        let problem = #expect(throws: QREncoder.Problem.self) { try QREncoder(library: "libqrencode-none.so") }
        #expect(problem?.description.contains("libqrencode4") == true)
        #expect(problem?.description.contains("libqrencode-none.so") == true)
    }

    @Test(.enabled(if: hasLibrary, Comment(rawValue: needsLibrary)))
    func `has the three finders in its corners, and a margin`() throws {
        let code = try QREncoder().code(for: "https://app.cinny.in/login/example.org/?loginToken=syl_x")
        #expect(code.fullWidth == code.width + 8)
        let (near, far) = (QRCode.margin, QRCode.margin + code.width - 7)
        let finder = (0..<7).flatMap { row in
            (0..<7).map { column in
                let edge = max(abs(column - 3), abs(row - 3))
                return edge == 3 || edge < 2
            }
        }
        for (left, top) in [(near, near), (far, near), (near, far)] {
            let corner = (0..<7).flatMap { row in (0..<7).map { code.isDark(left + $0, top + row) } }
            #expect(corner == finder)
        }
        for index in 0..<code.fullWidth {
            #expect(!code.isDark(index, near - 1) && !code.isDark(near - 1, index))
        }
        #expect(!code.isDark(-1, 9) && !code.isDark(9, code.fullWidth))
    }

    @Test(.enabled(if: hasLibrary, Comment(rawValue: needsLibrary)))
    func `holds no more than there is room for`() throws {
        #expect(throws: QREncoder.Problem.tooLong) {
            try QREncoder().code(for: String(repeating: "x", count: 3000))
        }
    }

    @Test func `is drawn two rows a line, by colours of its own or none`() {
        let code = QRCode(width: 2, modules: (0..<4).map { $0 != 1 })
        let lines = code.text(isColoured: false).split(separator: "\n")
        #expect(lines.count == 5 && lines.allSatisfy { $0.count == 10 })
        #expect(lines[2] == "    █▄    ")
        let coloured = code.text(isColoured: true).split(separator: "\n")
        let (light, dark, lower) = ("38;5;231;48;5;231m", "38;5;16;48;5;16m", "38;5;16;48;5;231m")
        #expect(coloured.count == 5)
        let parts = [light + "▄▄▄▄", dark + "▄", lower + "▄", light + "▄▄▄▄", "0m"]
        #expect(coloured[2] == parts.map { "\u{1B}[" + $0 }.joined())
    }

    /// More than one block of the stream.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "SKIPPED: no python3"))
    func `its picture has the checksums and the pixels that others want`() throws {
        let code = QRCode(width: 177, modules: (0..<177 * 177).map { $0 % 3 == 0 })
        let check = """
            import struct, sys, zlib
            png = sys.stdin.buffer.read()
            assert png[:8] == b"\\x89PNG\\r\\n\\x1a\\n"
            at, data = 8, b""
            while at < len(png):
                size, kind = struct.unpack(">I4s", png[at:at + 8])
                body = png[at + 8:at + 8 + size]
                assert zlib.crc32(kind + body) == struct.unpack(">I", png[at + 8 + size:at + 12 + size])[0], kind
                data += body if kind == b"IDAT" else b""
                at += 12 + size
            rows = zlib.decompress(data)
            assert len(rows) == 1480 * 186
            row = rows[4 * 8 * 186:][:186]
            assert row == bytes([0] + [255] * 4 + [0 if i % 3 == 0 else 255 for i in range(177)] + [255] * 4)
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-c", check]
        let input = Pipe()
        process.standardInput = input
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(code.png))
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
