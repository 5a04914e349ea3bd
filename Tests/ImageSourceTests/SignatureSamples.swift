import Foundation

/// A keyring with two keys, one of them expired, and signatures of one line; made once with gpg and a clock set to 2020.
enum SignatureSamples {
    static let ring = bytes(
        """
        mDMEXgvhABYJKwYBBAHaRw8BAQdAWSLbPhJ3CrtnebHOVL4NKDxz6ySY59H7eatjmQmYemO0GUxvbmdzaG9yZSB0ZXN0cyAodHJ1
        c3RlZCmIkAQTFggAOBYhBJfVSq/WoZois2wggNw0zqofb7dEBQJeC+EAAhsDBQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJENw0
        zqofb7dEPygA/1dLE+mDzYmiUctoHbm4jY1LhH+ZwzIPlNNqB+pKWdLhAQC82G8WP24Gc4XbwKeaj7vDv/viIaYSGMnhPtpNmrRh
        C5gzBF4L4QAWCSsGAQQB2kcPAQEHQM4uUgbHcuNXbls3mnx/c8zXrnxfiF2kkPzEpsX6hJI8tBlMb25nc2hvcmUgdGVzdHMgKGV4
        cGlyZWQpiJYEExYIAD4WIQQT2IYtf6fmGOR5zxib2ypMzjDH1QUCXgvhAAIbAwUJAAFRgAULCQgHAgYVCgkICwIEFgIDAQIeAQIX
        gAAKCRCb2ypMzjDH1bItAQCtLP/vMTBhDfTJH+/L7ON884ETCsLv2WvjGZTCjt3woQD/QVTjjY+jTjqUqLgvoxMEAkTFMCT/rgqm
        KNS8MuRJ/Qw=
        """)
    static let trusted = bytes(
        """
        iHUEABYIAB0WIQSX1Uqv1qGaIrNsIIDcNM6qH2+3RAUCXgvhAAAKCRDcNM6qH2+3RI2gAPwP3AE65yVnDTXG38biwdJwoGFfkJf2
        ULg8IGtLPddRYwD/WzlvFbyYxFLdk9dMj4FkdS/YVcYTPQ96Ou+3AxKexg4=
        """)
    /// By a key that is not in the ring.
    static let stranger = bytes(
        """
        iHUEABYIAB0WIQTWSMetmU5EsrNTnxhKZkzlttqZkAUCXgvhAAAKCRBKZkzlttqZkPlEAQDjAQaKvEgsJnch4Msp6qTLlMrwGb+g
        8XKt16/Y0bsyfQD+MBuqhx9x2kN8RCyl7abzIYwRUkfV/YgrkXv1/IiTeAA=
        """)
    static let expired = bytes(
        """
        iHUEABYIAB0WIQQT2IYtf6fmGOR5zxib2ypMzjDH1QUCXgvhAAAKCRCb2ypMzjDH1X9bAP45YDSwyPmgMSrbIJlNlFpQhzooKBSd
        ovW1vvYDpUYWrgEAx4FJTnS/ea1asBsy1EXIMSzM2DW6+6UUI1osJTmMsQg=
        """)
    static let trustedAndStranger = trusted + stranger
    static let trustedArmored = Array(
        """
        -----BEGIN PGP SIGNATURE-----

        iHUEABYIAB0WIQSX1Uqv1qGaIrNsIIDcNM6qH2+3RAUCXgvhAAAKCRDcNM6qH2+3
        RI2gAPwP3AE65yVnDTXG38biwdJwoGFfkJf2ULg8IGtLPddRYwD/WzlvFbyYxFLd
        k9dMj4FkdS/YVcYTPQ96Ou+3AxKexg4=
        =2B8A
        -----END PGP SIGNATURE-----
        """.utf8)
    static let clearSigned = """
        -----BEGIN PGP SIGNED MESSAGE-----
        Hash: SHA256

        2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881  image.qcow2
        -----BEGIN PGP SIGNATURE-----

        iHUEARYIAB0WIQSX1Uqv1qGaIrNsIIDcNM6qH2+3RAUCXgvhAAAKCRDcNM6qH2+3
        RBp/AQD4WjTA2V97+EihLY0r+baMA6rkyi4MdCb49RRadyg+nQEA+LJ+GgRcTOI2
        oNmcXMzYHb0SpFRu4BLPEwwMS9rW/gA=
        =wgga
        -----END PGP SIGNATURE-----

        """

    private static func bytes(_ base64: String) -> [UInt8] {
        Array(Data(base64Encoded: base64, options: .ignoreUnknownCharacters) ?? Data())
    }
}
