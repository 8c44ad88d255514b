//! What must hold between hooks.

use courier::{Kind, Secret, is_of_proxies, is_reserved};

use super::super::Config;
use super::super::error::ConfigError;
use super::super::source::Places;
use super::refuse;

pub(super) fn all(config: &Config, places: &Places) -> Result<(), ConfigError> {
    let hooks = &config.hooks;
    for kind in Kind::ALL {
        let Some((key, url)) = hooks.endpoint_of(kind) else { continue };
        if let Err(problem) = hooks.reach().check(url) {
            return refuse(places, &[&format!("hooks.{key}")], &problem.to_string());
        }
    }
    let switches = config.hook_switches();
    for (switch, kind) in &switches {
        if hooks.endpoint_of(*kind).is_none() {
            let problem = "nobody is there to be asked; write endpoint = \"https://…\" under [hooks]";
            return refuse(places, &[switch], problem);
        }
        let section = switch.rsplit_once('.').map_or("", |(section, _)| section);
        let (first, needed) = match kind {
            Kind::Refresh => ("connect", Kind::Connect),
            Kind::SubRefresh => ("proxy_subscribe", Kind::Subscribe),
            Kind::Connect | Kind::Subscribe | Kind::Publish | Kind::Rpc => continue,
        };
        let is_on = |(other, kind): &(String, Kind)| {
            *kind == needed && other.rsplit_once('.').is_some_and(|(place, _)| place == section)
        };
        if !switches.iter().any(is_on) {
            let problem =
                format!("the back end has allowed nothing that it could renew; write {first} = true");
            return refuse(places, &[switch], &problem);
        }
    }
    let secrets = [("secret", &hooks.secret), ("previous_secret", &hooks.previous_secret)];
    for (key, secret) in secrets {
        if secret.as_ref().is_some_and(|secret| Secret::new(secret.expose()).is_none()) {
            let problem = "what stands behind whsec_ is not base64; write the secret as it was made";
            return refuse(places, &[&format!("hooks.{key}")], problem);
        }
    }
    let is_name = |header: &&String| {
        !header.is_empty()
            && header.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if let Some(header) = hooks.headers.iter().find(|header| !is_name(header) || is_reserved(header)) {
        let problem = format!("{header:?} cannot be passed on; write names such as \"cookie\"");
        return refuse(places, &["hooks.headers"], &problem);
    }
    let is_claimable = |header: &String| is_name(&header) && !is_reserved(header) && !is_of_proxies(header);
    if let Some(header) = hooks.claimed_headers.iter().find(|header| !is_claimable(header)) {
        let problem =
            format!("no client's word may be taken for {header:?}; write names such as \"authorization\"");
        return refuse(places, &["hooks.claimed_headers"], &problem);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: &str = "endpoint = \"http://127.0.0.1:9/\"\nallow_private_networks = true";

    fn load(text: &str) -> Result<Config, String> {
        let config = Config::parse(Some(("wigwag.toml", text)), std::iter::empty(), Vec::new());
        config.map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refused(text: &str, line: usize, told: &str) {
        let error = load(text).err().unwrap();
        assert!(error.starts_with(&format!("wigwag.toml:{line}: ")) && error.contains(told), "{error}");
    }

    #[test]
    fn addresses_that_may_not_be_asked_are_refused_where_they_stand() {
        refused("[hooks]\nendpoint = \"app\"", 2, "hooks.endpoint: this is no address");
        refused("[hooks]\nrpc_endpoint = \"http://a.example\"", 2, "hooks.rpc_endpoint: https is needed");
        refused("[hooks]\nendpoint = \"https://10.0.0.1\"", 2, "10.0.0.1 is not a public address");
        refused("[hooks]\nendpoint = \"https://ann:pw@a.example\"", 2, "must not contain a user or password");
    }

    #[test]
    fn switches_need_somebody_to_ask() {
        refused("[hooks]\nconnect = true", 2, "hooks.connect: nobody is there to be asked");
        refused("[channel]\nproxy_publish = true", 2, "channel.proxy_publish: nobody is there");
        let named = "[[namespace]]\nname = \"chat\"\nproxy_subscribe = true";
        refused(named, 3, "namespace.chat.proxy_subscribe: nobody is there");
        assert!(load(&format!("{named}\n[hooks]\n{LOCAL}")).is_ok());
        assert!(load(&format!("{named}\n[hooks]\nsubscribe_endpoint = \"https://a.example\"")).is_ok());
    }

    #[test]
    fn what_is_renewed_must_have_been_allowed() {
        refused(&format!("[hooks]\n{LOCAL}\nrefresh = true"), 4, "write connect = true");
        let text = format!("[hooks]\n{LOCAL}\n[channel]\nproxy_sub_refresh = true");
        refused(&text, 5, "write proxy_subscribe = true");
        let elsewhere = format!("{text}\n[[namespace]]\nname = \"chat\"\nproxy_subscribe = true");
        refused(&elsewhere, 5, "write proxy_subscribe = true");
    }

    #[test]
    fn broken_secrets_and_headers_of_our_own_are_refused() {
        refused("[hooks]\nsecret = \"whsec_!\"", 2, "hooks.secret: what stands behind whsec_");
        for header in ["host", "Connection", "webhook-id", "sec-websocket-key", "a b", ""] {
            refused(&format!("[hooks]\nheaders = [{header:?}]"), 2, "cannot be passed on");
        }
    }

    #[test]
    fn what_only_proxies_know_cannot_be_claimed() {
        for header in ["forwarded", "X-Forwarded-For", "x-forwarded-host", "X-Real-IP", "host", "a b", ""] {
            let text = format!("[hooks]\nclaimed_headers = [\"authorization\", {header:?}]");
            refused(&text, 2, &format!("no client's word may be taken for {header:?}"));
        }
        assert!(load("[hooks]\nheaders = [\"x-real-ip\"]\nclaimed_headers = [\"Cookie\"]").is_ok());
    }

    #[test]
    fn endpoints_of_their_own_win() {
        let text = format!("[hooks]\n{LOCAL}\nrpc_endpoint = \"https://a.example/rpc\"\nsecret = \"s\"");
        let asked = load(&text).ok().and_then(|config| config.back_end()).unwrap();

        let url = |kind| asked.urls[&kind].as_str();
        assert_eq!((url(Kind::Rpc), url(Kind::Publish)), ("https://a.example/rpc", "http://127.0.0.1:9/"));
        assert_eq!(asked.secrets.len(), 1);
        assert!(load("").ok().unwrap().back_end().is_none());
    }
}
