internal import JetonAPI
internal import Logging

extension Requester {
    /// What an audit record says of who asked: `JETON_PEER_PID`, `JETON_PEER_UNIT` and so on in the journal.
    var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["peer_pid": "\(pid)", "peer_uid": "\(uid)"]
        if let command { metadata["peer_command"] = "\(command)" }
        if let unit { metadata["peer_unit"] = "\(unit)" }
        if let session { metadata["peer_session"] = "\(session)" }
        if parents?.isEmpty == false { metadata["peer_lineage"] = "\(lineage)" }
        return metadata
    }
}
