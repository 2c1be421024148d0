//! What constraints cost: compiling, masks, and everything else that a preview says about them.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Bench;
use super::http::{Session, chat, knobs};
use super::samples::Samples;
use crate::table::{Table, short};

/// Longest that one row may take.
const BUDGET: Duration = Duration::from_secs(6);

pub(super) fn table() -> Table {
    let columns = [
        "model",
        "constraint",
        "first preview ms",
        "later ms",
        "p99 ms",
        "step ms",
        "mask ms",
        "p99 ms",
    ];
    let title = "Constraints, medians over HTTP: a first preview compiles (the prompt is known), later ones \
                 move knobs; a step appends a token; a mask is what the server says finding it took, \
                 at every position of some completions";
    Table::new("constraints", title, &columns)
}

pub(super) fn measure(bench: &Bench<'_>, rows: &mut Table) -> Result<Value, String> {
    let server = bench.start_server()?;
    let session = Session::new(&server)?;
    session.preview(&chat())?;
    let (catalog, _) = server.get("/api/catalog")?;
    let kinds = catalog["constraint"]["kinds"].as_array().cloned().unwrap_or_default();
    let mut results = Map::new();
    for kind in kinds {
        let (id, schema) = (&kind["id"], kind["default"].as_str().unwrap_or_default());
        // A blank line at the end means nothing, but makes another text of it.
        let with_lines = |n: usize| {
            let mut body = chat();
            let schema = format!("{schema}{}", "\n".repeat(n));
            body["constraint"] = json!({ "enabled": true, "type": id, "schema": schema });
            body
        };
        let first = Samples::take(bench.times(20, 10), BUDGET, |index| {
            session.preview(&with_lines(index)).map(|(_, time)| time)
        })?;
        let mut body = with_lines(0);
        let later = Samples::take(bench.times(400, 300), BUDGET, |index| {
            body["params"] = knobs(index);
            session.preview(&body).map(|(_, time)| time)
        })?;
        let masks = RefCell::new(Vec::new());
        let mut body = with_lines(1);
        let steps = Samples::take(bench.times(100, 50), BUDGET, |index| {
            body["params"]["seed"] = index.into();
            let (answer, time) = session.step(&body)?;
            masks.borrow_mut().extend(answer["grammar"]["mask_ms"].as_f64());
            let ended = answer["done"] == true;
            body["completion_ids"] =
                if ended { json!([]) } else { answer["new_completion_ids"].clone() };
            Ok(time)
        })?;
        let masks = masks.into_inner();
        let masks = Samples::take(masks.len(), BUDGET, |index| Ok(masks[index]))?;
        let name = id.as_str().unwrap_or_default().to_owned();
        rows.push(vec![
            bench.label.clone(),
            name.clone(),
            short(first.median()),
            short(later.median()),
            short(later.percentile(0.99)),
            short(steps.median()),
            short(masks.median()),
            short(masks.percentile(0.99)),
        ]);
        results.insert(
            name,
            json!({
                "first_preview": first.to_json(), "later_preview": later.to_json(),
                "step": steps.to_json(), "mask": masks.to_json(),
            }),
        );
    }
    Ok(Value::Object(results))
}
