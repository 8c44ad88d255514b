//! The certificate that is configured, ready for use.

mod validity;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ports::time::Timestamp;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{Error, ServerConfig};

use super::Config;

/// What the node proves itself with.
pub struct Certificate {
    /// How TLS is spoken.
    pub tls: Arc<ServerConfig>,
    /// The last moment of the certificate, if it can be read.
    pub valid_until: Option<Timestamp>,
}

impl Config {
    /// The certificate, if one is configured; reads its files. The error is one line that names the setting and the fix.
    pub fn certificate(&self) -> Result<Option<Certificate>, String> {
        let Some((cert_file, key_file)) = self.tls.cert_file.as_ref().zip(self.tls.key_file.as_ref()) else {
            return Ok(None);
        };
        let chain = chain(cert_file).map_err(|problem| format!("tls.cert_file: {problem}"))?;
        let key = key(key_file).map_err(|problem| format!("tls.key_file: {problem}"))?;
        let valid_until = chain.first().and_then(|certificate| validity::end(certificate));
        let tls = tls(chain, key).map_err(|error| unusable(&error, cert_file, key_file))?;
        Ok(Some(Certificate { tls: Arc::new(tls), valid_until }))
    }
}

impl Certificate {
    /// What is wrong with the certificate although it can be used.
    pub fn warning(&self, now: Timestamp) -> Option<String> {
        let since = now.since(self.valid_until.filter(|end| *end < now)?);
        let days = since.as_secs() / 86_400;
        Some(format!(
            "tls.cert_file: the certificate expired {days} days ago and clients refuse it; get a new one"
        ))
    }
}

fn unusable(error: &Error, cert_file: &Path, key_file: &Path) -> String {
    let (cert, key) = (cert_file.display(), key_file.display());
    if matches!(error, Error::InconsistentKeys(_)) {
        return format!(
            "tls.key_file: {key} is not the key of the certificate in {cert}; write the two that were made together"
        );
    }
    format!(
        "tls.cert_file: {cert} cannot be used with its key ({error}); write a certificate with an RSA, ECDSA or \
         Ed25519 key"
    )
}

/// What was found is not repeated, here and below: it might be the key.
fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = read(file, "the certificate")?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(format!(
            "{} holds no certificate; write a file with a BEGIN CERTIFICATE in it",
            file.display()
        )),
        Ok(chain) => Ok(chain),
        Err(_) => {
            Err(format!("{} is no PEM file; write the path of one with the certificate", file.display()))
        }
    }
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let text = read(file, "the private key")?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        let file = file.display();
        if matches!(error, pem::Error::NoItemsFound) {
            return format!(
                "{file} holds no private key; write a file with a BEGIN PRIVATE KEY in it, not encrypted"
            );
        }
        format!("{file} is no PEM file; write the path of one with the private key")
    })
}

fn read(file: &Path, what: &str) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| {
        format!("{} cannot be read ({error}); write the path of a PEM file with {what}", file.display())
    })
}

/// Clients that come back may resume with a ticket, which spares both the dear part of the handshake. Its key is this
/// process's own and changes every few hours.
fn tls(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<ServerConfig, Error> {
    let mut tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    tls.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(tls)
}

#[cfg(test)]
mod tests;
