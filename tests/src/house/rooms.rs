//! Channels of kinds that not every house has: configuration to be added to a house that needs them.

/// `patch:` forces deltas on everybody who asks for them; `plain:` gives them where the publisher asks as well.
pub const DELTAS: &str = r#"
[[namespace]]
name = "patch"
allow_subscribe_for_client = true
allow_publish_for_subscriber = true
allow_history_for_client = true
history_size = 100
history_ttl = "5m"
force_recovery = true
allowed_delta_types = ["fossil"]
delta_publish = true

[[namespace]]
name = "plain"
allow_subscribe_for_client = true
history_size = 100
history_ttl = "5m"
force_recovery = true
allowed_delta_types = ["fossil"]
"#;

/// `tags:` lets clients choose by tags, and would patch as well.
pub const TAGS: &str = r#"
[[namespace]]
name = "tags"
allow_subscribe_for_client = true
history_size = 100
history_ttl = "5m"
force_recovery = true
allow_tags_filter = true
allowed_delta_types = ["fossil"]
"#;

/// `cache:` hands out the newest value to those who come back, `always:` to everybody.
pub const CACHES: &str = r#"
[[namespace]]
name = "cache"
allow_subscribe_for_client = true
history_size = 1
history_ttl = "5m"
force_recovery = true
force_recovery_mode = "cache"

[[namespace]]
name = "always"
allow_subscribe_for_client = true
history_size = 1
history_ttl = "5m"
force_recovery = true
force_recovery_mode = "cache"
cache_on_subscribe = true
"#;

/// `list:` is for the users named after the last `#`; `upper:` has names in capital letters only.
pub const LISTS: &str = r#"
[[namespace]]
name = "list"
allow_user_limited_channels = true
presence = true
allow_presence_for_subscriber = true

[[namespace]]
name = "upper"
allow_subscribe_for_client = true
channel_regex = "^[A-Z]+$"
"#;

/// `fleeting:` forgets even its position after a second without use.
pub const FLEETING: &str = r#"
[[namespace]]
name = "fleeting"
allow_subscribe_for_client = true
history_size = 10
history_ttl = "1s"
history_meta_ttl = "1s"
force_recovery = true
"#;
