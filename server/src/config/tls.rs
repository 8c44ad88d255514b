//! `[tls]`: whether the node speaks HTTPS.

use std::path::PathBuf;

use super::section::section;

section! {
    /// HTTPS in place of HTTP, with versions 1.2 and 1.3 of TLS.
    Tls {
        /// File with the node's certificate in PEM, and after it those between it and its authority.
        cert_file: Option<PathBuf> = None;
        /// File with the private key of the certificate in PEM.
        key_file: Option<PathBuf> = None;
    }
}
