/// The general categories under the names that `\p{…}` takes.
enum UnicodeCategories {
    /// The categories that a name stands for: `Lu`, `Uppercase_Letter`, or a group such as `L` or `Letter`.
    static func named(_ name: String) -> [Unicode.GeneralCategory]? {
        if let group = groups[name] { return table.filter { $0.short.hasPrefix(group) }.map(\.category) }
        return table.first { $0.short == name || $0.long == name }.map { [$0.category] }
    }

    private static let groups = [
        "L": "L", "Letter": "L", "M": "M", "Mark": "M", "N": "N", "Number": "N", "P": "P", "Punctuation": "P",
        "punct": "P", "S": "S", "Symbol": "S", "Z": "Z", "Separator": "Z", "C": "C", "Other": "C",
    ]

    private static let table: [(short: String, long: String, category: Unicode.GeneralCategory)] = [
        ("Lu", "Uppercase_Letter", .uppercaseLetter),
        ("Ll", "Lowercase_Letter", .lowercaseLetter),
        ("Lt", "Titlecase_Letter", .titlecaseLetter),
        ("Lm", "Modifier_Letter", .modifierLetter),
        ("Lo", "Other_Letter", .otherLetter),
        ("Mn", "Nonspacing_Mark", .nonspacingMark),
        ("Mc", "Spacing_Mark", .spacingMark),
        ("Me", "Enclosing_Mark", .enclosingMark),
        ("Nd", "Decimal_Number", .decimalNumber),
        ("Nl", "Letter_Number", .letterNumber),
        ("No", "Other_Number", .otherNumber),
        ("Pc", "Connector_Punctuation", .connectorPunctuation),
        ("Pd", "Dash_Punctuation", .dashPunctuation),
        ("Ps", "Open_Punctuation", .openPunctuation),
        ("Pe", "Close_Punctuation", .closePunctuation),
        ("Pi", "Initial_Punctuation", .initialPunctuation),
        ("Pf", "Final_Punctuation", .finalPunctuation),
        ("Po", "Other_Punctuation", .otherPunctuation),
        ("Sm", "Math_Symbol", .mathSymbol),
        ("Sc", "Currency_Symbol", .currencySymbol),
        ("Sk", "Modifier_Symbol", .modifierSymbol),
        ("So", "Other_Symbol", .otherSymbol),
        ("Zs", "Space_Separator", .spaceSeparator),
        ("Zl", "Line_Separator", .lineSeparator),
        ("Zp", "Paragraph_Separator", .paragraphSeparator),
        ("Cc", "Control", .control),
        ("Cf", "Format", .format),
        ("Cs", "Surrogate", .surrogate),
        ("Co", "Private_Use", .privateUse),
        ("Cn", "Unassigned", .unassigned),
    ]
}
