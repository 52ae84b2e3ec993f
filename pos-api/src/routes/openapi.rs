//! The description of this API for programs: `pos-api/openapi.json`, and what is derived from the routes
//! themselves. A new route is derived; one that moves leaves the file.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

/// Routes that are described where they are written.
#[derive(OpenApi)]
#[openapi(paths(super::me::catalogue))]
struct Derived;

/// Routes that are described by hand.
const WRITTEN: &str = include_str!("../../openapi.json");

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// Answers of every route below `/v1`: status and name in `components.responses`.
const EVERYWHERE: [(&str, &str); 5] = [
    ("401", "Unauthorized"),
    ("422", "Unprocessable"),
    ("429", "RateLimited"),
    ("503", "Unavailable"),
    ("default", "Other"),
];

/// Answers of every route that takes a body.
const WITH_BODY: [(&str, &str); 5] = [
    ("400", "BadRequest"),
    ("408", "RequestTimeout"),
    ("413", "PayloadTooLarge"),
    ("415", "UnsupportedMediaType"),
    ("504", "OutcomeUnknown"),
];

/// A route that fewer roles may use can answer 403.
const ROLES: usize = 4;

/// The description.
pub(super) async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.as_str())
}

/// The whole description; a test holds it against the routes and against real answers.
pub fn document() -> Value {
    let mut document: Value = serde_json::from_str(WRITTEN).unwrap_or_default();
    let mut derived = serde_json::to_value(Derived::openapi()).unwrap_or_default();
    for operation in operations(&mut derived) {
        add_common_answers(operation);
    }
    for place in ["/paths", "/components/schemas"] {
        let added = derived.pointer_mut(place).and_then(Value::as_object_mut).map(std::mem::take);
        if let Some(known) = document.pointer_mut(place).and_then(Value::as_object_mut) {
            merge(known, added.unwrap_or_default());
        }
    }
    document
}

fn operations(document: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
    operations.flat_map(Map::values_mut).filter_map(Value::as_object_mut)
}

/// A path may have some methods written and others derived.
fn merge(known: &mut Map<String, Value>, added: Map<String, Value>) {
    for (name, value) in added {
        match (known.get_mut(&name).and_then(Value::as_object_mut), value) {
            (Some(there), Value::Object(more)) => there.extend(more),
            (_, value) => {
                known.insert(name, value);
            }
        }
    }
}

fn add_common_answers(operation: &mut Map<String, Value>) {
    let takes_body = operation.contains_key("requestBody");
    let roles = operation.get("x-roles").and_then(Value::as_array).map_or(0, Vec::len);
    let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
        return;
    };
    let body: &[_] = if takes_body { &WITH_BODY } else { &[] };
    let forbidden: &[_] = if roles < ROLES { &[("403", "Forbidden")] } else { &[] };
    for (status, name) in EVERYWHERE.iter().chain(body).chain(forbidden) {
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        answers.entry(*status).or_insert(reference);
    }
}
