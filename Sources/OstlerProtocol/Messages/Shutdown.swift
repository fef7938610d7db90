/// `shutdown`: asks the plugin to answer with an empty object and then exit. End of its stdin means the same.
public enum ShutdownRequest {
    public static let method: StaticString = "shutdown"
}
