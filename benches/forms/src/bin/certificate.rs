//! Makes a certificate for a server that is to be measured with TLS: `certificate FOLDER` writes `cert.pem` and `key.pem`.

use std::path::PathBuf;
use std::{env, fs};

use anyhow::Context as _;
use wigwag_forms::drive::wire::CERTIFIED_NAME;

fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(env::args().nth(1).context("usage: certificate FOLDER")?);
    let made = rcgen::generate_simple_self_signed([CERTIFIED_NAME.to_owned()])?;
    fs::write(folder.join("cert.pem"), made.cert.pem())?;
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
    Ok(())
}
