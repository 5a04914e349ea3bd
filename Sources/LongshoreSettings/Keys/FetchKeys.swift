import ImageModel
import ImageSource

/// From where and how patiently images are fetched, and how much of them.
enum FetchKeys {
    static let allowPrivate = SettingKey(
        "fetch.allow_private", each: .destination,
        "Hosts, networks and host:port that may be fetched from although their address is private.")
    static let only = SettingKey(
        "fetch.only", each: .destination, "When set, nothing but these hosts and networks is fetched from.")
    static let deny = SettingKey(
        "fetch.deny", each: .destination, "Hosts and networks never fetched from; wins over the other two.")
    static let schemes = SettingKey(
        "fetch.schemes", each: .word(), default: [Settings.Scheme.https, .http, .s3], "URL schemes of sources.")
    static let ports = SettingKey(
        "fetch.ports", each: .count(1...65_535), default: [443, 80],
        "Ports of sources; one named in `fetch.allow_private` is allowed too.")
    static let redirects = SettingKey(
        "fetch.redirects", .count(0...20), default: 5, "Redirects followed, each checked like a new URL.")
    static let connect = SettingKey(
        "fetch.timeouts.connect", .duration(atLeast: .milliseconds(1)), default: .seconds(10),
        "To a connection, TLS included.")
    static let header = SettingKey(
        "fetch.timeouts.header", .duration(atLeast: .milliseconds(1)), default: .seconds(30),
        "From the request to the first byte of the answer.")
    static let stall = SettingKey(
        "fetch.timeouts.stall", .duration(atLeast: .seconds(1)), default: .seconds(60),
        "Below 1 KiB/s for this long, the attempt ends.")
    static let total = SettingKey(
        "fetch.timeouts.total", .duration(atLeast: .seconds(1)), default: .seconds(86_400), "For one attempt.")
    static let proxy = SettingKey<ServiceURL?>(
        "fetch.proxy", .url("http", "https", "socks5h", example: "http://proxy.example:3128"),
        "Proxy for all fetches; the environment's proxy variables are ignored.")

    static let all: [any ConfigurationKey] = [
        allowPrivate, only, deny, schemes, ports, redirects, connect, header, stall, total, proxy,
    ]
}

/// Which lists of digests must be signed, and by whom.
enum DigestListKeys {
    static let urls = SettingKey(
        "digest_lists.<name>.urls", each: .urlPrefix,
        "URL prefixes below which a digest list counts only with an OpenPGP signature; required.")
    static let keyring = SettingKey<String?>(
        "digest_lists.<name>.keyring", .path,
        "The keys that may sign them: a binary keyring, as `gpg --export` writes it; required.")

    static let all: [any ConfigurationKey] = [urls, keyring]
}

/// What is too much.
enum LimitKeys {
    static let image = SettingKey(
        "limits.image_bytes", .bytes(atLeast: 1), default: ByteCount(1 << 40), "Bytes of one image as served.")
    static let unpacked = SettingKey(
        "limits.unpacked_bytes", .bytes(atLeast: 1), default: ByteCount(1 << 40),
        "Bytes of one image after unpacking or conversion.")
    static let ratio = SettingKey(
        "limits.unpack_ratio", .count(1...1_000_000), default: 100, "Unpacked bytes per packed byte.")
    static let virtual = SettingKey(
        "limits.virtual_bytes", .bytes(atLeast: 1), default: ByteCount(64 << 40),
        "Size of the disk that the image describes.")
    static let ownerImages = SettingKey<Int?>(
        "limits.owner.images", .count(0...1_000_000_000), "Images of one owner, across all workers.")
    static let ownerBytes = SettingKey<ByteCount?>(
        "limits.owner.bytes", .bytes(), "Stored bytes of one owner, across all workers.")
    static let ownerRunning = SettingKey<Int?>(
        "limits.owner.running", .count(1...1_000_000), "Jobs of one owner that run at once, across all workers.")
    static let hostRunning = SettingKey<Int?>(
        "limits.source_host.running", .count(1...1_000_000),
        "Fetches from one host that run at once, across all workers.")

    static let all: [any ConfigurationKey] = [
        image, unpacked, ratio, virtual, ownerImages, ownerBytes, ownerRunning, hostRunning,
    ]
}
