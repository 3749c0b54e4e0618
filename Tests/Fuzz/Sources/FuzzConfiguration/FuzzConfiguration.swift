import Agent
import Fuzzing

private let scratch = prepared { try ScratchFolder() }

/// A configuration file as a person may write it: it is read the same way each time, or refused by its name.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    scratch.write(bytes(data, count), to: "config.json5")
    do {
        let configuration = try Configuration.read(folder: scratch.path)
        demand(try configuration == Configuration.read(folder: scratch.path), "read twice, understood differently")
        demand(configuration.socket.inFlight >= 1 && configuration.quotas.loginToken.count >= 1, "limits of nothing")
    } catch {
        demand(error.description.hasPrefix(scratch.path), "\(error) does not name the file")
    }
    return 0
}
