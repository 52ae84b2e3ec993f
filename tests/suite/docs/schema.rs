//! The part of JSON Schema that `openapi.json` uses, checked more strictly than the standard asks:
//! a member that is not described is an offence, and so is a keyword that this file does not know.

use serde_json::Value;

/// Keywords that say nothing here; formats and patterns are for readers and generators.
const SILENT: [&str; 4] = ["description", "format", "pattern", "default"];

/// What is meant: the schema or answer itself, or what its `$ref` names.
pub(super) fn resolved<'a>(document: &'a Value, node: &'a Value) -> &'a Value {
    let Some(reference) = node.get("$ref").and_then(Value::as_str) else { return node };
    let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
    resolved(document, target.unwrap_or_else(|| panic!("`{reference}` leads nowhere")))
}

/// Where the value is not as the schema says.
pub(super) fn offences(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "", &mut found);
    found
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = resolved(document, schema);
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "type" => has_type(rule, value),
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "oneOf" => {
                let fits = |one: &&Value| offences(document, one, value).is_empty();
                rule.as_array().unwrap().iter().filter(fits).count() == 1
            }
            "required" => {
                let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
                rule.as_array().unwrap().iter().all(has)
            }
            "properties" => {
                check_members(document, rule, value, at, found);
                true
            }
            "additionalProperties" => *rule == false,
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, rule, item, &format!("{at}/{place}"), found);
                }
                true
            }
            "minimum" => value.as_i64() >= rule.as_i64(),
            "maximum" => value.as_i64() <= rule.as_i64(),
            "minLength" | "minItems" => length(value) >= rule.as_u64(),
            "maxLength" | "maxItems" => length(value) <= rule.as_u64(),
            other => SILENT.contains(&other),
        };
        if !holds {
            found.push(format!("`{at}` breaks `{keyword}`: {rule}"));
        }
    }
}

fn check_members(
    document: &Value,
    properties: &Value,
    value: &Value,
    at: &str,
    found: &mut Vec<String>,
) {
    for (name, member) in value.as_object().into_iter().flatten() {
        match properties.get(name) {
            Some(schema) => check(document, schema, member, &format!("{at}/{name}"), found),
            None => found.push(format!("`{at}/{name}` is not described")),
        }
    }
}

fn has_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the type `{other}` is not known here"),
    };
    rule.as_array().map_or_else(|| is(rule), |names| names.iter().any(is))
}

fn length(value: &Value) -> Option<u64> {
    let length = value.as_str().map(|text| text.chars().count());
    let length = length.or_else(|| value.as_array().map(Vec::len));
    length.and_then(|length| u64::try_from(length).ok())
}

#[test]
fn what_differs_is_named() {
    let document = serde_json::json!({"one": {
        "type": "object", "required": ["id"],
        "properties": {"id": {"type": "string"}, "list": {"items": {"enum": [1, 2]}}},
    }});
    let reference = serde_json::json!({"$ref": "#/one"});
    for (value, count) in [
        (serde_json::json!({"id": "a", "list": [1, 2]}), 0),
        (serde_json::json!({}), 1),
        (serde_json::json!({"id": 1}), 1),
        (serde_json::json!({"id": "a", "list": [3], "more": 1}), 2),
        (serde_json::json!([]), 2),
    ] {
        assert_eq!(offences(&document, &reference, &value).len(), count, "{value}");
    }
}
