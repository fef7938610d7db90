/// Why a plugin is not let in, or not used any more.
package struct TrustError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The closed set of reasons; the texts are stable.
    package enum Code: String, Sendable, CaseIterable {
        // What lies in a plugin's folder.
        case symbolicLink = "symbolic_link"
        case hardLink = "hard_link"
        case specialFile = "special_file"
        case setuidFile = "setuid_file"
        case unsafeOwner = "unsafe_owner"
        case unsafePermissions = "unsafe_permissions"
        case unsafePath = "unsafe_path"
        case twinNames = "twin_names"
        case tooLarge = "too_large"
        case unreadable
        case changedWhileRead = "changed_while_read"
        case invalidManifest = "invalid_manifest"
        // Archives.
        case archiveInvalid = "archive_invalid"
        case archiveTruncated = "archive_truncated"
        case archivePathOutside = "archive_path_outside"
        case archiveAbsolutePath = "archive_absolute_path"
        case archiveDuplicate = "archive_duplicate"
        case archiveLink = "archive_link"
        case archiveDevice = "archive_device"
        case archiveUnsupported = "archive_unsupported"
        case archiveBomb = "archive_bomb"
        // Signatures.
        case sumsMismatch = "sums_mismatch"
        case signatureMissing = "signature_missing"
        case signatureMalformed = "signature_malformed"
        case signatureMismatch = "signature_mismatch"
        case signatureComment = "signature_comment"
        case wrongKey = "wrong_key"
        case invalidKey = "invalid_key"
        // What was granted.
        case notTrusted = "untrusted"
        case grantRequired = "grant_required"
        case needsMore = "needs_more"
        case downgrade
        case blocked
        case notInstalled = "not_installed"
        case invalidPermission = "invalid_permission"
        case invalidPattern = "invalid_pattern"
        // What is installed.
        case fileChanged = "file_changed"
        case fileAdded = "file_added"
        case fileMissing = "file_missing"
        case changedBeforeStart = "changed_before_start"
        case storeEntryReplaced = "store_entry_replaced"
        case storeUnsafe = "store_unsafe"
        // plugins.lock.
        case lockEdited = "lock_edited"
        case lockMalformed = "lock_malformed"
        case lockIsLink = "lock_is_link"
        case lockUnsafe = "lock_unsafe"
        case cannotWrite = "cannot_write"
    }

    package let code: Code
    /// One sentence: what is wrong and where.
    package let message: String
    /// What to do about it.
    package let hint: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { message + (hint.map { "; \($0)" } ?? "") }
}
