//! What a bank's desk sends and gets is as it is described.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::answers::Scene;
use crate::reconciliations::desk::{Desk, bank_file};
use crate::till::text;

const DAYS: &str = "/v1/reconciliations";
const DAY: &str = "/v1/reconciliations/{id}";
const ONE: &str = "/v1/exceptions/{id}";

#[test]
fn a_banks_desk_is_as_described() {
    let scene = Scene::start();
    let desk = Desk::of(&scene.world);
    let two = desk.second();
    let (first, second) = (scene.reader(&scene.bank.api), scene.reader(&two.api));
    let sold = desk.worked_day();
    let rows = format!("{} +175000\nSETOR TUNAI +20000", sold.reference("EW-JAMBI"));
    let content = STANDARD.encode(bank_file(0, &rows, None));
    let day = ewarong_tests::seed::today().to_string();
    let files = json!([{"name": "bri.csv", "format": "auto", "content": content}]);
    let body = json!({"bank": "bri", "business_date": day, "files": files});
    first.post(DAYS, "", &json!({"bank": "bri", "business_date": day}), 422);
    let recorded = first.post(DAYS, "", &body, 201);
    first.post(DAYS, "", &body, 200);
    let id = text(&recorded, "id");
    first.get(DAYS, "", "?bank=bri", 200);
    first.get(DAY, id, "", 200);
    first.get("/v1/reconciliations/{id}/results", id, "?limit=1", 200);
    first.get("/v1/daily-reconciliations", "", &format!("?bank=bri&business_date={day}"), 200);
    first.get("/v1/net-positions", "", &format!("?business_date={day}"), 200);

    let open = first.get("/v1/exceptions", "", "?state=open", 200);
    let found = text(&open["data"][0], "id");
    first.post(&format!("{ONE}/notes"), found, &json!({"note": "dicek", "owner": "meja 1"}), 201);
    let bulk = json!({"ids": ["exc_x"], "resolution": "claim", "reason": "tidak ada"});
    first.post("/v1/exceptions/resolutions", "", &bulk, 200);
    let parked = json!({"resolution": "suspense", "reason": "bukan milik kami"});
    first.post(&format!("{ONE}/resolutions"), found, &parked, 200);
    first.get(ONE, found, "", 200);
    let sign_off = format!("{DAY}/sign-off");
    for (reader, status) in [(&first, 409), (&second, 200)] {
        let answer = reader.api.post(&sign_off.replace("{id}", id), &json!({}));
        reader.assert_described("POST", &sign_off, &answer);
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    first.post(&format!("{DAY}/reopenings"), id, &json!({"reason": "berkas susulan"}), 200);
}
