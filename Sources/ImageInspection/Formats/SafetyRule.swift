import ImageModel

/// Why an image is refused although its format is known: `image_unsafe`.
///
/// The names are those of `inspect.relax.<rule>` in the configuration.
public enum SafetyRule: String, Sendable, CaseIterable {
    /// The image names another file whose content the guest would see.
    case backingFile = "backing_file"
    /// The image keeps its data in another file.
    case externalData = "external_data"
    /// The image is only the difference to a parent.
    case differencing
    /// The bytes are valid under more than one format, so that two programs may read two different disks.
    case ambiguousFormat = "ambiguous_format"
}

extension InspectionError {
    init(_ rule: SafetyRule, _ message: String) {
        self.init(.imageUnsafe, "\(rule.rawValue): \(message)")
    }
}
