public import ImageModel

extension Timestamp {
    /// `20130524T000000Z`: ISO 8601's basic format, whole seconds, as `X-Amz-Date` has it.
    public var basicISO8601: String {
        // 2013-05-24T00:00:00.000Z, without what the basic format leaves out.
        let plain = description.prefix(19).filter { $0 != "-" && $0 != ":" }
        return "\(plain)Z"
    }
}
