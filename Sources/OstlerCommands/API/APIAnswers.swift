internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem

/// Writes answers, a line each.
@LoopActor
struct APIAnswers {
    let output: OutputWriter

    func answer(_ kind: APIRequest.Kind, _ id: String, _ body: (inout JSONWriter) -> Void) {
        write(kind.protocolID("response"), id) { writer in
            writer.key("result")
            body(&writer)
        }
    }

    func refuse(_ refusal: APIRequest.Refusal) {
        write(refusal.kind?.protocolID("response") ?? APIRequest.faultProtocol, refusal.id) { writer in
            writer.key("error")
            refusal.failure.encode(into: &writer)
        }
    }

    private func write(_ protocolID: String, _ id: String, _ body: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("protocol")
        writer.string(protocolID)
        writer.key("id")
        writer.string(id)
        body(&writer)
        writer.endObject()
        writer.newline()
        output.write(writer.bytes)
    }
}
