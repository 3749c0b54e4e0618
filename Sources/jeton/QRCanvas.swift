internal import Glibc
internal import JetonAPI
internal import QRCode
internal import SystemPackage

/// Where a QR code goes: the terminal, a file of its own, or both.
struct QRCanvas {
    let options: QROptions
    private let encoder: QREncoder
    private let file: (path: FilePath, descriptor: FileDescriptor)?

    /// - Throws: where the file is there already, or cannot be made.
    init(options: QROptions, encoder: QREncoder) throws(Failure) {
        self.options = options
        self.encoder = encoder
        guard let path = options.png.map({ FilePath($0) }) else {
            file = nil
            return
        }
        do {
            file = (
                path,
                try FileDescriptor.open(
                    path,
                    .writeOnly,
                    options: [.create, .exclusiveCreate, .closeOnExec],
                    permissions: .ownerReadWrite
                )
            )
        } catch {
            let reason = (error as? Errno) == .fileExists ? "it is there already; name another one" : "\(error)"
            throw Failure(.failed, "\(path) cannot be made: \(reason)")
        }
    }

    /// There is nothing to draw.
    func discard() {
        guard let file else { return }
        try? file.descriptor.close()
        _ = unsafe file.path.withPlatformString { unsafe unlink($0) }
    }

    func draw(_ token: GenerateLoginToken.Result) throws {
        let code: QRCode
        do {
            code = try encoder.code(for: options.content(token))
            if let file {
                try file.descriptor.closeAfter { _ = try file.descriptor.writeAll(code.png) }
            }
        } catch {
            discard()
            throw Failure(.failed, "the login token was minted, and cannot be drawn: \(error)")
        }
        if options.qr {
            if let columns = Output.columns, columns < code.fullWidth {
                Output.complain(
                    "The code takes \(code.fullWidth) columns and the terminal has \(columns): make it wider, or its "
                        + "letters smaller."
                )
            }
            Output.draw(code.text(isColoured: Output.isTerminal))
        }
        if let warning = options.warning { Output.complain(warning) }
    }
}
