//! Another configuration for a house that people are in.
#![expect(clippy::unwrap_used, reason = "this is how a test fails")]

use std::collections::BTreeSet;

use wigwag::node::{ReloadError, Reloaded};

use super::{House, write_config};

impl House {
    /// Writes another configuration in place of the one before; the channels of every house are in it.
    pub fn rewrite(&self, toml: &str) {
        write_config(self.home.path(), toml);
    }

    /// Writes another configuration and has the node of this process take it over.
    pub async fn reload(&self, toml: &str) -> Result<Reloaded, ReloadError> {
        self.rewrite(toml);
        let services = self.node().services.clone();
        tokio::task::spawn_blocking(move || services.reload()).await.unwrap()
    }
}

/// Names of settings as a reload tells them.
pub fn settings(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
