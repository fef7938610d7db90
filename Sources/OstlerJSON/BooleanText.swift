/// Words that people write for true and false where only these two are understood.
public enum BooleanText {
    private static let words = ["yes": true, "on": true, "no": false, "off": false, "true": true, "false": false]

    /// What a word was probably meant to be, for hints; nil for any other word.
    public static func meant(by word: String) -> Bool? { words[word.lowercased()] }
}
