//! What is configured about tokens in the words of the adapter that verifies them.

use std::fs;
use std::path::Path;

use crypto::{Expected, JwksSource, Pattern, PreviousSecret, Secret, Trust};

use super::{Config, Jwks, Token};

/// A key of a section that cannot be used, and what to write.
type Unusable = (&'static str, String);

impl Config {
    /// Which tokens are believed; reads the files of keys. A secret of the node's own making counts only where nothing
    /// else is configured. The error is one line that names the setting and the fix.
    pub fn trust(&self, made: Option<Secret>) -> Result<crypto::Config, String> {
        let in_section = |section: &str, token: &Token| {
            token.trust().map_err(|(key, problem)| format!("{section}.{key}: {problem}"))
        };
        let mut connection = in_section("token", &self.token)?;
        connection.jwks.extend(self.jwks.iter().filter_map(Jwks::source));
        if !self.verifies_tokens() {
            connection.hmac_secret = made;
        }
        let own = self.subscription_token.as_ref();
        let subscription = own.map(|token| in_section("subscription_token", token)).transpose()?;
        Ok(crypto::Config { connection, subscription })
    }

    /// Whether keys of tokens are in files of their own, whose content may have changed.
    pub fn has_key_files(&self) -> bool {
        let tokens = [Some(&self.token), self.subscription_token.as_ref()];
        let mut sets = self.jwks.iter();
        tokens.into_iter().flatten().any(Token::has_key_file) || sets.any(|set| set.file.is_some())
    }

    /// Whether a key is configured that verifies connection tokens.
    pub fn verifies_tokens(&self) -> bool {
        self.token.has_key() || !self.jwks.is_empty()
    }
}

impl Token {
    /// Whether anything here verifies tokens.
    pub(super) fn has_key(&self) -> bool {
        let secrets = [&self.hmac_secret, &self.hmac_previous_secret];
        let texts = [&self.rsa_public_key, &self.ec_public_key, &self.ed25519_public_key, &self.jwks_url];
        secrets.iter().any(|secret| secret.is_some())
            || texts.iter().any(|text| text.is_some())
            || self.has_key_file()
    }

    fn has_key_file(&self) -> bool {
        let files = [
            &self.rsa_public_key_file,
            &self.ec_public_key_file,
            &self.ed25519_public_key_file,
            &self.jwks_file,
        ];
        files.iter().any(|file| file.is_some())
    }

    fn trust(&self) -> Result<Trust, Unusable> {
        let previous = self.hmac_previous_secret.clone().zip(self.hmac_previous_until);
        let set = Jwks {
            issuers: Vec::new(),
            url: self.jwks_url.clone(),
            file: self.jwks_file.clone(),
            ttl: self.jwks_ttl,
        };
        Ok(Trust {
            hmac_secret: self.hmac_secret.clone(),
            hmac_previous: previous.map(|(secret, until)| PreviousSecret { secret, until }),
            rsa_public_key: pem(&self.rsa_public_key, &self.rsa_public_key_file, "rsa_public_key_file")?,
            ec_public_key: pem(&self.ec_public_key, &self.ec_public_key_file, "ec_public_key_file")?,
            ed25519_public_key: pem(
                &self.ed25519_public_key,
                &self.ed25519_public_key_file,
                "ed25519_public_key_file",
            )?,
            jwks: set.source().into_iter().collect(),
            audience: expected(&self.audience, &self.audience_regex),
            issuer: expected(&self.issuer, &self.issuer_regex),
            user_id_claim: self.user_id_claim.clone(),
        })
    }
}

impl Jwks {
    fn source(&self) -> Option<crypto::Jwks> {
        let source = match (&self.file, &self.url) {
            (Some(file), _) => JwksSource::File(file.clone()),
            (None, Some(url)) => JwksSource::Url { url: url.clone(), ttl: self.ttl },
            (None, None) => return None,
        };
        Some(crypto::Jwks { source, issuers: self.issuers.clone() })
    }
}

fn expected(exactly: &Option<String>, regex: &Option<Pattern>) -> Option<Expected> {
    let exactly = exactly.clone().map(Expected::Exactly);
    exactly.or_else(|| regex.clone().map(Expected::Pattern))
}

/// A key as it was written, or as its file says.
fn pem(
    text: &Option<String>,
    file: &Option<impl AsRef<Path>>,
    key: &'static str,
) -> Result<Option<String>, Unusable> {
    match file {
        Some(file) => fs::read_to_string(file).map(Some).map_err(|error| {
            let file = file.as_ref().display();
            (key, format!("{file} cannot be read ({error}); write the path of a PEM file"))
        }),
        None => Ok(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(text: &str) -> Result<crypto::Config, String> {
        let config = Config::parse(Some(("wigwag.toml", text)), std::iter::empty(), Vec::new());
        config.map_err(|error| error.to_string())?.trust(Secret::new("made"))
    }

    fn secret(trust: &Trust) -> Option<&str> {
        trust.hmac_secret.as_ref().map(Secret::expose)
    }

    #[test]
    fn a_secret_of_the_nodes_own_counts_only_where_nothing_is_configured() {
        assert_eq!(secret(&trust("").unwrap().connection), Some("made"));
        assert_eq!(secret(&trust("[token]\nhmac_secret = \"s\"").unwrap().connection), Some("s"));
        let sets = "[[jwks]]\nurl = \"https://a.example/keys\"";
        for other in ["[token]\njwks_url = \"https://a.example/keys\"", sets] {
            assert_eq!(secret(&trust(other).unwrap().connection), None, "{other}");
        }
    }

    #[test]
    fn every_setting_reaches_the_adapter() {
        let text = r#"
            [token]
            hmac_secret = "new"
            hmac_previous_secret = "old"
            hmac_previous_until = 1970-01-02
            rsa_public_key = "rsa"
            ec_public_key = "ec"
            ed25519_public_key = "ed"
            jwks_url = "https://a.example/keys"
            jwks_ttl = "5m"
            audience = "app"
            issuer_regex = "https://.*"
            user_id_claim = "uid"
            [[jwks]]
            issuers = ["b"]
            file = "b.json"
        "#;

        let all = trust(text).unwrap();

        assert!(all.subscription.is_none());
        let trust = all.connection;
        let previous = trust.hmac_previous.unwrap();
        assert_eq!((previous.secret.expose(), previous.until.as_millis()), ("old", 86_400_000));
        let pem = (trust.rsa_public_key, trust.ec_public_key, trust.ed25519_public_key);
        assert_eq!(pem, (Some("rsa".into()), Some("ec".into()), Some("ed".into())));
        assert_eq!(trust.audience, Some(Expected::Exactly("app".into())));
        assert_eq!(trust.issuer, Some(Expected::Pattern(Pattern::parse("https://.*").unwrap())));
        assert_eq!(trust.user_id_claim.as_deref(), Some("uid"));
        let [first, second] = trust.jwks.as_slice() else { panic!("{} sets", trust.jwks.len()) };
        let JwksSource::Url { url, ttl } = &first.source else { panic!("no address") };
        assert_eq!((url.as_str(), ttl.as_secs()), ("https://a.example/keys", 300));
        assert!(matches!(&second.source, JwksSource::File(path) if path == Path::new("b.json")));
        assert_eq!(second.issuers, ["b"]);
    }

    #[test]
    fn subscription_tokens_may_have_keys_of_their_own() {
        let text = "[token]\nissuer = \"a\"\nhmac_secret = \"s\"\n[subscription_token]\nhmac_secret = \"t\"";

        let own = trust(text).unwrap().subscription.unwrap();

        assert_eq!((secret(&own), &own.issuer), (Some("t"), &None));
    }

    #[test]
    fn a_key_may_be_in_a_file() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("key.pem");
        let text = format!("[token]\nrsa_public_key_file = {:?}", file.display().to_string());

        let missing = trust(&text).err().unwrap();
        fs::write(&file, "pem").unwrap();
        let found = trust(&text).unwrap().connection;

        assert!(
            missing.starts_with("token.rsa_public_key_file: ") && missing.contains("key.pem"),
            "{missing}"
        );
        assert_eq!((found.rsa_public_key.as_deref(), secret(&found)), (Some("pem"), None));
    }
}
