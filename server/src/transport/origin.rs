//! Which browser pages may connect (P-NEG-5).

/// The pages that may connect beside those of the node's own host.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    patterns: Vec<String>,
}

impl Origins {
    /// Patterns such as `https://app.example.com`, `https://*.example.com` or `*`; none lets nobody else in.
    pub fn new(patterns: &[String]) -> Self {
        Self { patterns: patterns.iter().map(|pattern| pattern.to_ascii_lowercase()).collect() }
    }

    /// Whether a request may connect: one without an origin comes from no browser; one with an origin must come from
    /// the same host or match a pattern.
    pub fn allow(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        let origin = origin.to_ascii_lowercase();
        let Some((scheme, authority)) = origin.split_once("://") else {
            return self.patterns.iter().any(|pattern| *pattern == origin || pattern == "*");
        };
        let is_web = matches!(scheme, "http" | "https");
        let is_own = is_web && host.is_some_and(|host| host.eq_ignore_ascii_case(authority));
        is_own || self.patterns.iter().any(|pattern| matches(pattern, &origin))
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
    fn listed_origins_may_connect() {
        assert!(allow(Some("https://app.example.com")));
        assert!(allow(Some("https://a.example.org")));
        assert!(allow(Some("https://a.b.example.org")));
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
