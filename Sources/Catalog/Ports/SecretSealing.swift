public import ImageModel

/// Makes the secrets of jobs unreadable to whoever reads the rows of a catalog without the key.
public protocol SecretSealing: Sendable {
    /// What is stored in a secret's place; it is bound to the job.
    ///
    /// - Throws: ``CatalogError`` with `unavailable` when the secret cannot be sealed now.
    func seal(_ secret: String, of job: JobID) throws(CatalogError) -> String

    /// The secret that was sealed for the job.
    ///
    /// - Throws: ``CatalogError`` with `unusable` when it cannot be read with this key.
    func open(_ sealed: String, of job: JobID) throws(CatalogError) -> String
}

/// Begins every sealed text; no query of a URL does.
public let sealedSecretMark = "\u{1}sealed:"

/// Stores secrets as they are.
struct UnsealedSecrets: SecretSealing {
    func seal(_ secret: String, of job: JobID) -> String { secret }

    func open(_ sealed: String, of job: JobID) throws(CatalogError) -> String {
        guard !sealed.hasPrefix(sealedSecretMark) else {
            throw CatalogError(.unusable, "the secret of job \(job) is sealed, and there is no catalog.secret_key")
        }
        return sealed
    }
}

extension ImageCatalog {
    /// The same catalog, whose secrets are sealed from now on. What was stored before stays readable.
    public func sealing(with secrets: any SecretSealing) -> Self {
        var catalog = self
        catalog.secrets = secrets
        return catalog
    }

    /// The item with its secret sealed.
    func sealed(_ item: IntakeItem) throws(CatalogError) -> IntakeItem {
        guard case .submission(var submission, let original) = item, let query = submission.sourceQuery else {
            return item
        }
        submission.sourceQuery = try secrets.seal(query, of: submission.request.id)
        return .submission(submission, original: original)
    }

    /// The job with its secret opened. One that cannot be opened is the trouble of its job alone.
    func opened(_ claimed: ClaimedJob) -> ClaimedJob {
        guard let sealed = claimed.sourceQuery else { return claimed }
        var opened = claimed
        do throws(CatalogError) {
            opened.sourceQuery = try secrets.open(sealed, of: claimed.job.id)
        } catch {
            opened.sourceQuery = nil
            opened.secretProblem = error.message
        }
        return opened
    }
}
