import Foundation
import Fuzzing
import JetonAPI
import RPCServer

/// The server as the daemon runs it, with limits that short inputs can meet.
private let path: String = prepared {
    let folder = try ScratchFolder()
    let socket = try ListeningSocket(at: "\(folder.path)/agent.sock")
    var table = MethodTable<Caller>()
    func serve<M: Method>(_ method: M.Type) { table.serve(M.self) { _, _ in M.example.result } }
    for method in OpenRPC.methods { serve(method) }
    Task.detached { [table] in
        let server = try RPCServer(
            listeningOn: [.init(descriptor: socket.descriptor, name: .agent, table: table)],
            limits: CurrentLimits(limits),
            uid: Int(geteuid()),
            identify: { _ in Peer(pid: 1, uid: Int(geteuid())) { Requester(pid: 1, uid: Int(geteuid())) } }
        )
        try await server.run()
    }
    return socket.path
}

private let limits: SocketLimits = {
    var limits = SocketLimits()
    limits.messageBytes = 300
    limits.inFlight = 3
    limits.pendingBytes = 100
    limits.batchBytes = 200
    return limits
}()

/// A whole conversation in chunks, the first byte of the input long: every request with an id gets its one answer,
/// and after the client has said all it wants the server closes.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = bytes(data, count)
    guard let first = input.first else { return 0 }
    let said = input.dropFirst()
    let client = UnixClient(path)
    client.say(said, inChunksOf: Int(first) + 1)
    let answers = client.listen().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    demand(answers.last?.isEmpty == true, "the last answer has no end")
    let heard = answers.dropLast().map { ids(ofAnswer: Array($0)) }.sorted()
    let expected = expectedIDs(said).sorted()
    demand(heard == expected, "answers to \(heard), expected to \(expected)")
    return 0
}

/// The ids in one line of an answer; of a batch in order.
private func ids(ofAnswer line: [UInt8]) -> String {
    guard let document = try? JSONDocument(line) else {
        fatalError("an answer that is not JSON: \(String(decoding: line, as: UTF8.self))")
    }
    func id(_ answer: JSONNode) -> String {
        guard let id = answer["id"] else { fatalError("an answer without id") }
        return String(decoding: document.text(of: id), as: UTF8.self)
    }
    guard case .array(let members) = document.root.content else { return id(document.root) }
    return members.map(id).sorted().joined(separator: ",")
}

/// The same for what is to be answered, as the lines say; nothing is read after one that is too long.
private func expectedIDs(_ said: ArraySlice<UInt8>) -> [String] {
    var expected: [String] = []
    var lines = said.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    for line in lines {
        guard line.count <= limits.messageBytes else { return expected + ["null"] }
        switch Incoming(line: Array(line)) {
        case .call(let call): if let id = call.id { expected.append(id.text) }
        case .refused(let refusal): expected.append(refusal.id.text)
        case .batch(let members):
            let ids = members.compactMap { member -> String? in
                switch member {
                case .success(let call): call.id?.text
                case .failure(let refusal): refusal.id.text
                }
            }
            if !ids.isEmpty { expected.append(ids.sorted().joined(separator: ",")) }
        }
    }
    return expected
}
