//! The description of `/v1` (OpenAPI 3.1), made from the handlers.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{self, ContentBuilder, HeaderBuilder, Ref, RefOr, Response, Schema};
use utoipa::{Modify, OpenApi};

use super::refusal::{Refusal, document};
use super::{batch, channels, connections, node, presence, publishing, reload, streams, users};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Wigwag",
        description = "What back ends and operators ask of a node. Every refusal is a problem document (RFC 9457) with a \
                       stable name in `error`; the guide docs/guides/rest.md lists them.",
        contact(),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "This node")),
    paths(
        publishing::publish, publishing::publish_to_channel, publishing::broadcast, batch::batch,
        channels::channels,
        streams::history, streams::history_of_channel, streams::forget_history, streams::forget_history_of_channel,
        presence::presence, presence::presence_of_channel,
        presence::presence_stats, presence::presence_stats_of_channel,
        connections::connections, connections::connection, connections::close_connection,
        connections::connections_of_user,
        users::disconnect, users::subscribe, users::unsubscribe, users::refresh,
        node::namespaces, node::info, reload::reload,
    ),
    tags(
        (name = "channels", description = "Publish, read what was published, see who is there."),
        (name = "connections", description = "Those of this node."),
        (name = "users", description = "All connections of a user, on all nodes."),
        (name = "node", description = "What this node is."),
    ),
    modifiers(&Common),
)]
struct Description;

/// The description as it is committed and served.
pub fn text() -> String {
    let mut text = Description::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// What all operations have in common.
struct Common;

const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";
/// What any operation may be refused for, a name for each status.
const SHARED: &[Refusal] = &[
    Refusal::InvalidRequest,
    Refusal::Unauthorized,
    Refusal::OriginNotAllowed,
    Refusal::RequestTimeout,
    Refusal::BodyTooLarge,
    Refusal::UnsupportedMediaType,
    Refusal::TooManyRequests,
    Refusal::Unavailable,
];
/// What those meet who ask for something else than an operation.
const NOWHERE: [Refusal; 2] = [Refusal::NotFound, Refusal::MethodNotAllowed];
/// Those of them that only requests with a body meet.
const OF_BODIES: [Refusal; 2] = [Refusal::BodyTooLarge, Refusal::UnsupportedMediaType];
/// Operations whose answers are marked, so that they need not be sent again.
const MARKED: [&str; 2] = ["info", "namespaces"];

impl Modify for Common {
    fn modify(&self, description: &mut openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        let bearer =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The API key.")).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let header = ApiKeyValue::with_description("X-API-Key", "The same in a header of its own.");
        components.add_security_scheme("key", SecurityScheme::ApiKey(ApiKey::Header(header)));
        for refusal in SHARED.iter().chain(&NOWHERE) {
            let mut response = refused(*refusal);
            add_headers(refusal.status().as_str(), &mut response);
            components.responses.insert(refusal.name().to_owned(), RefOr::T(response));
        }
        let either = ["bearer", "key"].map(|scheme| openapi::SecurityRequirement::new(scheme, [""; 0]));
        description.security = Some(either.into());
        for operation in description.paths.paths.values_mut().flat_map(operations) {
            complete(operation);
        }
    }
}

/// The operations of a path.
fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [path.get.as_mut(), path.post.as_mut(), path.delete.as_mut()].into_iter().flatten()
}

fn complete(operation: &mut Operation) {
    let has_body = operation.request_body.is_some();
    let refusals = SHARED.iter().filter(|one| has_body || !OF_BODIES.contains(one));
    for parameter in operation.parameters.iter_mut().flatten() {
        parameter.schema = parameter.schema.take().map(there);
    }
    let responses = &mut operation.responses.responses;
    for refusal in refusals {
        let response = RefOr::Ref(Ref::from_response_name(refusal.name()));
        responses.insert(refusal.status().as_str().to_owned(), response);
    }
    if operation.operation_id.as_deref().is_some_and(|id| MARKED.contains(&id)) {
        let unchanged = ResponseBuilder::new().description("It is what `If-None-Match` names.");
        responses.insert("304".into(), RefOr::T(unchanged.build()));
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response {
            rename_problem(response);
            add_headers(status, response);
        }
    }
}

/// The schema of a parameter, which may be missing but has no null.
fn there(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            if let SchemaType::Array(types) = &object.schema_type
                && let Some(only) = types.iter().find(|one| **one != Type::Null)
            {
                object.schema_type = SchemaType::Type(only.clone());
            }
            RefOr::T(Schema::Object(object))
        }
        RefOr::T(Schema::OneOf(mut choice)) if choice.items.len() == 2 => choice.items.swap_remove(1),
        other @ (RefOr::Ref(_) | RefOr::T(_)) => other,
    }
}

/// Refusals of one status, told by an example.
fn refused(refusal: Refusal) -> Response {
    // Operations tell themselves what of theirs may not be found.
    let alone = refusal == Refusal::NotFound;
    let same = |one: &Refusal| if alone { *one == refusal } else { one.status() == refusal.status() };
    let example =
        serde_json::to_value(document(&refusal.because("what is wrong here, and what to do"), None));
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).example(example.ok()).build();
    ResponseBuilder::new().description(told(same)).content(PROBLEM_JSON, content).build()
}

/// Names of refusals with what they mean.
fn told(is_meant: impl Fn(&Refusal) -> bool) -> String {
    let meant = Refusal::ALL.iter().filter(|one| is_meant(one));
    meant.map(|one| format!("`{}`: {}.", one.name(), one.title())).collect::<Vec<_>>().join(" ")
}

/// Handlers name a type, whose media type is JSON; problems have a media type of their own.
fn rename_problem(response: &mut Response) {
    let is_problem = |content: &openapi::Content| matches!(&content.schema, Some(RefOr::Ref(schema)) if schema.ref_location.ends_with("/Problem"));
    if response.content.get(JSON).is_some_and(is_problem)
        && let Some(content) = response.content.shift_remove(JSON)
    {
        response.content.insert(PROBLEM_JSON.into(), content);
        let names = std::mem::take(&mut response.description);
        response.description = told(|one| names.contains(&format!("`{}`", one.name())));
    }
}

fn add_headers(status: &str, response: &mut Response) {
    let text = || RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(Type::String).build()));
    let mut add = |name: &str, schema: RefOr<Schema>, description: &str| {
        let header = HeaderBuilder::new().schema(schema).description(Some(description)).build();
        response.headers.insert(name.to_owned(), header);
    };
    add("X-Request-Id", text(), "The request's id: its own, or one that was made.");
    match status {
        "429" | "503" => {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).build();
            let description = "Seconds after which trying again makes sense.";
            add("Retry-After", RefOr::T(Schema::Object(seconds)), description);
        }
        "304" => add("ETag", text(), "The mark of the answer."),
        "401" => add("WWW-Authenticate", text(), "How to present the key."),
        _ => {}
    }
}
