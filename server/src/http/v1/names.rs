//! Names as the description has them.

use ports::channels::CHANNEL_BYTES_MAX;
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A channel's name, described: one to 255 printable ASCII characters (P-CH-1).
pub(super) struct Channel;

impl PartialSchema for Channel {
    fn schema() -> RefOr<Schema> {
        let name = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(CHANNEL_BYTES_MAX))
            .pattern(Some("^[ -~]+$"))
            .description(Some("A channel's name: printable ASCII."))
            .examples(["news:sport"]);
        RefOr::T(Schema::Object(name.build()))
    }
}

impl ToSchema for Channel {}

/// A connection's id, described.
pub(super) struct ConnectionId;

impl PartialSchema for ConnectionId {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::Custom("uuid".to_owned());
        let id = ObjectBuilder::new().schema_type(Type::String).format(Some(format));
        RefOr::T(Schema::Object(id.description(Some("A connection's id.")).build()))
    }
}

impl ToSchema for ConnectionId {}
