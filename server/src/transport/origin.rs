//! Which browser pages may connect (P-NEG-5).

use std::sync::Arc;

use arc_swap::ArcSwap;

/// Whether a browser sends this request for a page or link of anybody's, without saying of whom. Where a page fetches, or
/// opens a socket, across sites there is an `Origin`; where it is left or loads a part there is none, but the cookies are
/// sent. Programs send neither of these headers.
pub fn is_strange(site: Option<&str>, mode: Option<&str>) -> bool {
    let is = |header: Option<&str>, values: [&str; 2]| {
        header.is_some_and(|header| values.iter().any(|value| header.eq_ignore_ascii_case(value)))
    };
    is(site, ["cross-site", "same-site"]) || is(mode, ["navigate", "no-cors"])
}

/// The pages that may connect beside those of the node's own host. Copies share them.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    patterns: Arc<ArcSwap<Vec<String>>>,
}

impl Origins {
    /// Patterns such as `https://app.example.com`, `https://*.example.com` or `*`; none lets nobody else in.
    pub fn new(patterns: &[String]) -> Self {
        let origins = Self::default();
        origins.replace(patterns);
        origins
    }

    /// From now on these pages may connect, in place of those before.
    pub fn replace(&self, patterns: &[String]) {
        let patterns = patterns.iter().map(|pattern| pattern.to_ascii_lowercase()).collect();
        self.patterns.store(Arc::new(patterns));
    }

    /// Whether a request may connect: one without an origin comes from no browser; one with an origin must come from
    /// the same host or match a pattern.
    pub fn allow(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        self.allow_by(None, origin, host)
    }

    /// The same where it is known whether pages of the same host come with `http` or `https`.
    pub fn allow_by(&self, own_scheme: Option<&str>, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        let patterns = self.patterns.load();
        let origin = origin.to_ascii_lowercase();
        let Some((scheme, authority)) = origin.split_once("://") else {
            return patterns.iter().any(|pattern| *pattern == origin || pattern == "*");
        };
        let is_web = own_scheme.map_or(matches!(scheme, "http" | "https"), |own| own == scheme);
        let is_own = is_web && host.is_some_and(|host| host.eq_ignore_ascii_case(authority));
        is_own || patterns.iter().any(|pattern| matches(pattern, &origin))
    }
}

/// A star in front of a host name stands for one or more whole labels; alone it stands for everything.
fn matches(pattern: &str, origin: &str) -> bool {
    let Some((scheme, domain)) = pattern.split_once("://*.") else {
        return pattern == "*" || pattern == origin;
    };
    let host = origin.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
    let labels = host.and_then(|host| host.strip_suffix(domain)?.strip_suffix('.'));
    labels.is_some_and(|labels| labels.split('.').all(is_label))
}

fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(origin: Option<&str>) -> bool {
        let origins = Origins::new(&["https://app.example.com".into(), "https://*.example.org".into()]);
        origins.allow(origin, Some("live.example.com:8000"))
    }

    #[test]
    fn programs_and_pages_of_the_same_host_may_connect() {
        assert!(allow(None));
        assert!(allow(Some("http://live.example.com:8000")));
        assert!(allow(Some("HTTPS://LIVE.EXAMPLE.COM:8000")));
    }

    #[test]
    fn links_and_parts_of_pages_are_strange() {
        for (site, mode) in [
            (Some("cross-site"), Some("cors")),
            (Some("same-site"), None),
            (Some("Cross-Site"), Some("navigate")),
            (Some("same-origin"), Some("navigate")),
            (Some("none"), Some("navigate")),
            (Some("same-origin"), Some("no-cors")),
        ] {
            assert!(is_strange(site, mode), "{site:?} {mode:?}");
        }
        for (site, mode) in [
            (None, None),
            // As the own pages of a host open an event stream, and as some programs fetch.
            (Some("same-origin"), Some("cors")),
            (None, Some("cors")),
            (None, Some("websocket")),
        ] {
            assert!(!is_strange(site, mode), "{site:?} {mode:?}");
        }
    }

    #[test]
    fn listed_origins_may_connect() {
        assert!(allow(Some("https://app.example.com")));
        assert!(allow(Some("https://a.example.org")));
        assert!(allow(Some("https://a.b.example.org")));
    }

    #[test]
    fn own_pages_come_with_the_scheme_that_is_known() {
        let allow = |scheme| {
            let host = Some("live.example.com");
            Origins::default().allow_by(scheme, Some("http://live.example.com"), host)
        };

        assert!(allow(None) && allow(Some("http")) && !allow(Some("https")));
    }

    #[test]
    fn pages_are_replaced_for_all_copies() {
        let origins = Origins::new(&["https://a.example".to_owned()]);
        let copy = origins.clone();

        origins.replace(&["https://b.example".to_owned()]);

        assert!(copy.allow(Some("https://b.example"), None) && !copy.allow(Some("https://a.example"), None));
    }

    #[test]
    fn a_star_elsewhere_is_no_pattern() {
        for pattern in ["https://app*.example.com", "https://*example.com", "https://*", "*://a.example.com"]
        {
            let origins = Origins::new(&[pattern.to_owned()]);
            for origin in ["https://app.evil.example.com", "https://evilexample.com", "https://a.example.com"]
            {
                assert!(!origins.allow(Some(origin), None), "{pattern} {origin}");
            }
        }
    }

    #[test]
    fn look_alikes_may_not_connect() {
        let refused = [
            "null",
            "",
            "https://evil.com",
            "http://app.example.com",
            "https://app.example.com.evil.com",
            "https://app.example.com:444",
            "https://app.example.com@evil.com",
            "https://evil.com/app.example.com",
            "https://xapp.example.com",
            "https://example.org",
            "https://.example.org",
            "https://a..example.org",
            "https://a_b.example.org",
            "https://evilexample.org",
            "https://.example.org.evil.com",
            "https://evil.com/.example.org",
            "https://evil.com#.example.org",
            "https://evil.com:80.example.org",
            "http://live.example.com",
            "http://live.example.com:80",
            "ftp://live.example.com:8000",
            "file://",
        ];
        for origin in refused {
            assert!(!allow(Some(origin)), "{origin}");
        }
    }
}
