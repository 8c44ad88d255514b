//! `[telemetry]`: where the node sends what it says about itself. Log lines are in `[server]`.

use crypto::Secret;
use toml::de::DeValue;

use super::section::section;
use super::value::{Raw, Value};

section! {
    /// What the node sends about itself to collectors. Metrics are fetched from `/metrics` and need nothing here; log
    /// lines are configured in `[server]`.
    Telemetry {
        /// Address of a collector of traces that speaks OTLP over HTTP, such as `http://127.0.0.1:4318`; if empty, none are
        /// recorded. Headers for it, such as a key, are taken from the variable `OTEL_EXPORTER_OTLP_HEADERS`.
        otlp_endpoint: Option<String> = None, like "\"http://127.0.0.1:4318\"", at start;
        /// Which part of the API's requests is recorded, 0 to 1. Those whose sender records them are in any case, and those
        /// whose sender does not are not.
        sample_ratio: Ratio = Ratio(0.1), at start;
        /// What the node is called there.
        service_name: String = "wigwag".to_owned(), at start;
        /// Address with key (DSN) of an error tracker that understands Sentry's envelopes. Programs built without the
        /// feature `sentry` leave it alone.
        sentry_dsn: Option<Secret> = None, at start;
    }
}

impl Telemetry {
    /// Where traces go: the path of the standard unless another one is written.
    pub fn traces_endpoint(&self) -> Option<String> {
        let endpoint = self.otlp_endpoint.as_deref()?.trim_end_matches('/');
        let has_path = endpoint.split_once("://").is_some_and(|(_, place)| place.contains('/'));
        Some(if has_path { endpoint.to_owned() } else { format!("{endpoint}/v1/traces") })
    }
}

/// A part of the whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio(f64);

impl Ratio {
    /// From 0 to 1.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl Value for Ratio {
    const KIND: &'static str = "ratio";
    const EXAMPLE: &'static str = "0.1";

    fn read(raw: Raw<'_>) -> Result<Self, String> {
        let text = match raw {
            Raw::Text(text) => Some(text.trim().to_owned()),
            Raw::Toml(DeValue::Float(number)) => Some(number.as_str().to_owned()),
            Raw::Toml(DeValue::Integer(number)) => Some(number.as_str().to_owned()),
            Raw::Toml(_) => None,
        };
        let ratio = text.and_then(|text| text.parse().ok()).filter(|ratio| (0.0..=1.0).contains(ratio));
        ratio
            .map(Self)
            .ok_or_else(|| "this is not a ratio; write a number from 0 to 1, for example 0.1".to_owned())
    }

    fn written(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_go_to_the_path_of_the_standard_unless_another_is_written() {
        let of = |endpoint: &str| {
            let telemetry = Telemetry { otlp_endpoint: Some(endpoint.to_owned()), ..Telemetry::default() };
            telemetry.traces_endpoint().unwrap()
        };

        assert_eq!(of("http://localhost:4318"), "http://localhost:4318/v1/traces");
        assert_eq!(of("http://localhost:4318/"), "http://localhost:4318/v1/traces");
        assert_eq!(of("https://x.example/otlp/v1/traces"), "https://x.example/otlp/v1/traces");
        assert_eq!(Telemetry::default().traces_endpoint(), None);
    }

    #[test]
    fn ratios_are_from_zero_to_one() {
        let read = |text| Ratio::read(Raw::Text(text)).ok().map(Ratio::value);

        assert_eq!([read("0"), read("0.25"), read(" 1 ")], [Some(0.0), Some(0.25), Some(1.0)]);
        assert_eq!([read("1.1"), read("-0.1"), read("NaN"), read("all")], [None; 4]);
    }
}
