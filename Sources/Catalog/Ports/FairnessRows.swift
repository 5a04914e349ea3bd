public import ImageModel

/// The questions that decide whose turn it is and who has had enough. A nil owner stands for all without one.
public protocol FairnessReader {
    /// How many jobs of each owner run, of all kinds together; owners with none are missing.
    func runningByOwner() throws -> [AccountID?: Int]

    /// How many imports from each source host run; hosts with none are missing.
    func runningBySourceHost() throws -> [String: Int]

    /// What is known against a source host.
    func health(ofHost host: String) throws -> HostHealth?

    /// The hosts with a ``HostHealth/restUntil``, over or not, in the order of their names.
    func restedHosts() throws -> [HostHealth]

    /// Whether a claim has something to do: a job of one of these kinds that is due and not held back, a running job whose
    /// lease has run out, or a deferred one whose time to wait has passed.
    ///
    /// It may say so of a job that has become due and is held back, until a claim has noted that it is due.
    func hasClaimableJob(of kinds: Set<JobKind>, except held: HeldBack) throws -> Bool

    /// What counts against an owner's quota.
    func usage(of owner: AccountID?) throws -> OwnerUsage
}

/// The writes that remember whose turn it was.
public protocol FairnessRows {
    /// The job of one kind whose turn it is, of those that are due.
    ///
    /// Its owner is the one with the fewest running jobs of that kind; of several the one that was served least
    /// recently, and of those that were never served the one that came first. Among one owner's jobs the highest
    /// priority goes first, then the order of acceptance.
    func nextDueJob(_ kind: JobKind, except held: HeldBack) throws -> Job?

    /// Remembers that an owner has had its turn: as the latest of all.
    func noteServed(_ owner: AccountID?, _ kind: JobKind) throws

    /// Adds or replaces what is known against a source host.
    func put(_ health: HostHealth) throws

    /// Forgets what is known against a host.
    func forgetHost(_ host: String) throws

    /// Forgets hosts that did not change since `moment`.
    func forgetHosts(unchangedSince moment: Timestamp) throws
}

/// Whose jobs may not begin now.
public struct HeldBack: Hashable, Sendable {
    /// Owners; nil stands for jobs without one.
    public var owners: Set<AccountID?>
    /// Source hosts.
    public var hosts: Set<String>

    /// Holds from their parts; by default none.
    public init(owners: Set<AccountID?> = [], hosts: Set<String> = []) {
        self.owners = owners
        self.hosts = hosts
    }
}
