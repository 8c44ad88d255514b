//! `[tls]`: whether the node speaks HTTPS.

use std::path::PathBuf;

use super::section::section;

section! {
    /// HTTPS in place of HTTP on the same port, with versions 1.2 and 1.3 of TLS. To those who speak plainly the port
    /// answers 400. The files are read again at each reload, which a renewed certificate needs; whether there is TLS at
    /// all is decided at start.
    Tls {
        /// File with the node's certificate in PEM, and after it those between it and its authority.
        cert_file: Option<PathBuf> = None, like "\"/etc/wigwag/cert.pem\"";
        /// File with the private key of the certificate in PEM, not encrypted. Both are needed.
        key_file: Option<PathBuf> = None, like "\"/etc/wigwag/key.pem\"";
    }
}
