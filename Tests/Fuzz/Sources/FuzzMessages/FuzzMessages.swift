import Fuzzing
import JetonAPI

/// Every method of the API, each answered by its own example.
private let table: MethodTable<Nothing> = {
    var table = MethodTable<Nothing>()
    func serve<M: Method>(_ method: M.Type) { table.serve(M.self) { _, _ in M.example.result } }
    for method in OpenRPC.methods { serve(method) }
    return table
}()

/// Lines as the socket hands them on: each is a call, a batch or a refusal, and what is answered is JSON-RPC.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    for line in bytes(data, count).split(separator: UInt8(ascii: "\n")).prefix(16) {
        switch Incoming(line: Array(line)) {
        case .call(let call): check(answer(to: call), of: call)
        case .refused(let refusal): check(Reply.bytes(id: refusal.id, error: refusal.error), id: refusal.id)
        case .batch(let members):
            demand((1...Incoming.maximumBatch).contains(members.count), "a batch of \(members.count)")
            for case .success(let call) in members { check(answer(to: call), of: call) }
        }
    }
    return 0
}

private func answer(to call: Call) -> [UInt8]? { table.finalAnswer(to: call, for: Nothing()) }

private func check(_ answer: [UInt8]?, of call: Call) {
    demand((answer == nil) == (call.id == nil), "requests get one answer, notifications none")
    if let answer, let id = call.id { check(answer, id: id) }
}

private func check(_ answer: [UInt8], id: RequestID) {
    demand(!answer.contains(UInt8(ascii: "\n")), "an answer of two lines")
    guard let document = try? JSONDocument(answer), document.duplicates.isEmpty else {
        fatalError("an answer that is not JSON: \(String(decoding: answer, as: UTF8.self))")
    }
    let answer = document.root
    demand((answer["result"] == nil) != (answer["error"] == nil), "a result or an error")
    guard let echo = answer["id"] else { fatalError("an answer without id") }
    demand(Array(document.text(of: echo)) == Array(id.text.utf8), "an id comes back byte for byte")
}
