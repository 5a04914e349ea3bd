import ImageModel

/// Where the truth, the bytes and the passwords are.
enum StorageKeys {
    static let catalog = SettingKey(
        "catalog.url", .url("sqlite", "postgres", "postgresql", example: "sqlite:///var/lib/longshore/catalog.db"),
        default: ServiceURL("sqlite:///var/lib/longshore/catalog.db"), "The catalog: a SQLite file or PostgreSQL.")
    static let catalogKey = SettingKey<Secret?>(
        "catalog.secret_key", .secret(atLeast: 32), "Encrypts the secrets that the catalog holds while a job lives.")

    static let storeURL = SettingKey<ServiceURL?>(
        "stores.<name>.url", .url("file", "s3", example: "file:///var/lib/longshore/images"),
        "Where this store keeps images; without any store, `default` is `file:///var/lib/longshore/images`.")
    static let partSize = SettingKey<ByteCount?>(
        "stores.<name>.part_size", .bytes(atLeast: 5 << 20, atMost: 5 << 30), "Size of the parts of an S3 upload.")
    static let reserve = SettingKey(
        "stores.<name>.reserve_bytes", .bytes(), default: ByteCount(0), "Free space that imports leave untouched.")

    static let all: [any ConfigurationKey] = [catalog, catalogKey, storeURL, partSize, reserve]
}

/// What a fetch or a store shows to be let in, and where it may show it.
enum CredentialKeys {
    static let type = SettingKey<Settings.Credential.Kind?>(
        "credentials.<name>.type", .word(), "What the credential is made of; required.")
    static let urls = SettingKey(
        "credentials.<name>.urls", each: .urlPrefix, "URL prefixes to which it may be sent; required.")
    static let owners = SettingKey(
        "credentials.<name>.owners", each: .account, "Accounts whose jobs may use it; all when absent.")
    static let profiles = SettingKey(
        "credentials.<name>.profiles", each: .name(atMost: 64), "Profiles whose jobs may use it; all when absent.")
    static let token = SettingKey<Secret?>("credentials.<name>.token", .secret(), "`bearer`: the token.")
    static let username = SettingKey<String?>(
        "credentials.<name>.username", .text(allowed: "any text without a colon") { !$0.contains(":") },
        "`basic`: the user name.")
    static let password = SettingKey<Secret?>("credentials.<name>.password", .secret(), "`basic`: the password.")
    static let header = SettingKey<String?>(
        "credentials.<name>.name",
        .text("header", allowed: "a header name: letters, digits and dashes") { text in
            !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        }, "`header`: the name of the header.")
    static let value = SettingKey<Secret?>("credentials.<name>.value", .secret(), "`header`: its value.")
    static let accessKey = SettingKey<Secret?>("credentials.<name>.access_key", .secret(), "`s3`: the access key id.")
    static let secretKey = SettingKey<Secret?>("credentials.<name>.secret_key", .secret(), "`s3`: the secret key.")
    static let sessionToken = SettingKey<Secret?>(
        "credentials.<name>.session_token", .secret(), "`s3`: the token of temporary keys.")
    static let endpoint = SettingKey<ServiceURL?>(
        "credentials.<name>.endpoint", .url("https", "http", example: "https://objects.example"),
        "`s3`: the service, when it is not AWS.")
    static let region = SettingKey<String?>("credentials.<name>.region", .name(atMost: 64), "`s3`: the region.")

    static let all: [any ConfigurationKey] = [
        type, urls, owners, profiles, token, username, password, header, value, accessKey, secretKey, sessionToken,
        endpoint, region,
    ]
}
