//! What is written about the API holds: `openapi.json`, `docs/API.md` and `docs/ERRORS.md` against
//! the routes, the codes and the answers of a running server.

mod answers;
mod desk;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use ledger::domain::refusal::Refusal;
use pos_api::problem::Code;
use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// A method in upper case and a path with its `{id}`.
type Route = (String, String);

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(path)).unwrap()
}

/// The description as it is served.
fn description() -> Value {
    pos_api::openapi_document()
}

/// What the source registers: `resource("...")` with the methods of its routes.
fn registered() -> BTreeSet<Route> {
    let source = read("pos-api/src/routes/mod.rs");
    let (outside, inside) = source.split_once("fn version_1").unwrap();
    assert!(outside.contains("web::scope(\"/v1\").configure(version_1)"), "where is version 1?");
    let mut routes = BTreeSet::new();
    for (prefix, part) in [("", outside), ("/v1", inside)] {
        for resource in part.split("resource(\"").skip(1) {
            let (path, rest) = resource.split_once('"').unwrap();
            let rest = rest.split(".service(").next().unwrap_or_default();
            for method in METHODS {
                if rest.contains(&format!("web::{method}()")) {
                    routes.insert((method.to_uppercase(), format!("{prefix}{path}")));
                }
            }
        }
    }
    routes
}

/// What the description has.
fn described() -> BTreeSet<Route> {
    let description = description();
    let paths = description["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, operations)| {
        let methods = operations.as_object().unwrap().keys();
        methods.map(move |method| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
}

/// Every `METHOD /path` that a text names, without what follows a `?`.
fn named(text: &str) -> BTreeSet<Route> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let pairs = words.windows(2).filter_map(|pair| {
        let method = METHODS.iter().find(|method| {
            pair[0].trim_matches(['`', '|', '(']) == method.to_uppercase().as_str()
        })?;
        let path = pair[1].split(['`', '?', ',', ';', ':', ')']).next()?;
        path.starts_with('/')
            .then(|| (method.to_uppercase(), path.trim_end_matches('.').to_owned()))
    });
    pairs.collect()
}

#[test]
fn every_route_is_in_the_description_and_the_other_way_round() {
    let registered = registered();
    assert!(registered.len() > 20, "not the routes: {registered:?}");
    assert_eq!(described(), registered);
}

/// What any request with a token can be answered is written at each route, and what any body can.
#[test]
fn every_route_says_what_all_can_be_answered() {
    let description = description();
    let mut missing = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        let operations = operations.as_object().unwrap().iter();
        for (method, operation) in operations.filter(|_| path.starts_with("/v1/")) {
            let mut wanted = vec!["401", "429", "503", "default"];
            if operation.get("requestBody").is_some() {
                wanted.extend(["400", "403", "408", "413", "415", "422"]);
            }
            wanted.retain(|status| operation["responses"].get(status).is_none());
            if !wanted.is_empty() {
                missing.push(format!("{method} {path}: {wanted:?}"));
            }
        }
    }
    assert!(missing.is_empty(), "not described:\n  {}", missing.join("\n  "));
}

#[test]
fn the_guide_names_every_route_and_no_other() {
    assert_eq!(named(&read("docs/API.md")), registered());
}

#[test]
fn the_errors_guide_names_no_route_that_is_not_there() {
    let unknown: Vec<Route> =
        named(&read("docs/ERRORS.md")).difference(&registered()).cloned().collect();
    assert_eq!(unknown, []);
}

/// The cells of the table rows below a heading, up to the next one; heads and rulers left out.
fn rows<'a>(text: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let (_, below) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = below.split("\n## ").next().unwrap_or_default();
    let lines = section.lines().filter(|line| line.starts_with('|')).skip(2);
    lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

fn code(cell: &str) -> String {
    cell.trim_matches('`').to_owned()
}

#[test]
fn the_errors_guide_has_every_refusal_in_order_of_precedence() {
    let text = read("docs/ERRORS.md");
    let written = rows(&text, "Refusals").into_iter().map(|cells| {
        assert_eq!(cells.len(), 5, "{cells:?}");
        (cells[0].parse().unwrap(), code(cells[1]), cells[2].to_owned())
    });
    let known = Refusal::ALL.iter().zip(1..).map(|(refusal, place)| {
        (place, refusal.code().to_owned(), refusal.response_code().to_owned())
    });
    let known: Vec<(i16, String, String)> = known.collect();
    assert_eq!(written.collect::<Vec<_>>(), known);
    assert!(Refusal::ALL.is_sorted(), "the list is in order of precedence");
}

#[test]
fn the_errors_guide_has_every_problem_and_says_when_to_send_again() {
    let text = read("docs/ERRORS.md");
    let mut written = BTreeMap::new();
    for cells in rows(&text, "Problems") {
        assert_eq!(cells.len(), 5, "{cells:?}");
        let status: u16 = cells[1].parse().unwrap();
        let again = match status {
            408 | 429 | 503 => "yes",
            500 | 504 => "must",
            _ => "no",
        };
        assert_eq!(cells[3], again, "{cells:?}");
        assert_eq!(written.insert(code(cells[0]), status), None, "twice: {cells:?}");
    }
    let known = Code::ALL.iter().map(|code| (code.as_str().to_owned(), code.status().as_u16()));
    assert_eq!(written, known.collect());
}

/// `405` and `500` stand under `default`; every other status has a shared answer of its own.
#[test]
fn the_description_names_every_problem_where_its_status_is() {
    let description = description();
    let mut missing = Vec::new();
    let paths = description["paths"].as_object().unwrap().values();
    let operations: Vec<&Value> =
        paths.flat_map(|path| path.as_object().unwrap().values()).collect();
    for code in Code::ALL {
        let status = code.status().as_u16().to_string();
        let key = if matches!(code.status().as_u16(), 405 | 500) { "default" } else { &status };
        let answers = operations.iter().filter_map(|operation| operation["responses"].get(key));
        let named = answers.map(|answer| schema::resolved(&description, answer)).any(|answer| {
            let text = answer["description"].as_str().unwrap_or_default();
            text.contains(&format!("`{}`", code.as_str()))
        });
        if !named {
            missing.push(code.as_str());
        }
    }
    assert_eq!(missing, [""; 0]);
}

#[test]
fn requests_take_no_members_that_are_not_described() {
    let description = description();
    let mut open = Vec::new();
    for (method, path) in described() {
        let body = &description["paths"][&path][method.to_lowercase()]["requestBody"]["content"];
        let Some(body) = body.get("application/json") else { continue };
        let body = schema::resolved(&description, &body["schema"]);
        if body["additionalProperties"] != false {
            open.push(format!("{method} {path}"));
        }
    }
    assert_eq!(open, [""; 0]);
}

/// An example that no answer has any more is out of date.
#[test]
fn the_guides_examples_are_answers_as_they_are_described() {
    let (text, description) = (read("docs/API.md"), description());
    let examples = text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut count = 0;
    for example in examples {
        count += 1;
        let example: Value =
            serde_json::from_str(example).unwrap_or_else(|error| panic!("{error}: {example}"));
        let schemas = description["components"]["schemas"].as_object().unwrap();
        let fits = |schema: &Value| schema::offences(&description, schema, &example).is_empty();
        assert!(schemas.values().any(fits), "nothing described looks like this: {example}");
    }
    assert!(count > 10, "{count} examples");
}
