//! What a server with a model costs while nobody asks.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Bench;
use super::http::{Session, chat};
use crate::table::{Table, short};

pub(super) fn table() -> Table {
    let title = "Computing time while nobody asks, a model being loaded and used once";
    Table::new("idle", title, &["model", "seconds", "% of a core"])
}

pub(super) fn measure(bench: &Bench<'_>, rows: &mut Table) -> Result<Value, String> {
    let server = bench.start_server()?;
    Session::new(&server)?.preview(&chat())?;
    // Threads may spin for a moment after work.
    std::thread::sleep(Duration::from_secs(1));
    let computed =
        || server.process().computed().ok_or("only Linux tells what a process computes".to_owned());
    let (started, before) = (Instant::now(), computed()?);
    std::thread::sleep(Duration::from_secs(bench.times(10, 3) as u64));
    let (elapsed, after) = (started.elapsed().as_secs_f64(), computed()?);
    let percent = (after - before) / elapsed * 100.0;
    rows.push(vec![bench.label.clone(), short(elapsed), short(percent)]);
    Ok(json!({ "seconds": elapsed, "percent_of_a_core": percent }))
}
