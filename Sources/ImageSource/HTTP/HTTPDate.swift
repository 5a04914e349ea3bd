import CCurl

/// Dates in header fields (RFC 9110, section 5.6.7).
enum HTTPDate {
    /// A date in seconds since the epoch; nil for what is none.
    static func seconds(_ text: String) -> Int64? {
        let moment = curl_getdate(text, nil)
        return moment < 0 ? nil : Int64(moment)
    }
}
