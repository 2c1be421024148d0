//! Resident memory, the mapped file's pages included.

use serde_json::{Value, json};

use super::http::{Session, chat};
use super::{Bench, load};
use crate::server::Server;
use crate::table::Table;

/// Tokens of the context whose memory is asked about.
const CONTEXT: usize = 1000;

pub(super) fn table() -> Table {
    let columns = ["model", "what", "now MB", "most MB", "not file MB", "above file size MB"];
    let title = "Resident memory of the server, in fresh processes";
    Table::new("memory", title, &columns)
}

pub(super) fn measure(bench: &Bench<'_>, rows: &mut Table) -> Result<Value, String> {
    let mut results = Vec::new();
    let files = bench.path.as_deref().and_then(load::bytes_of);
    let mut note = |what: &str, server: &Server| {
        let process = server.process();
        let line = |line| process.memory(line).ok_or("only Linux tells the memory of a process");
        let (now, most, anonymous) = (line("VmRSS")?, line("VmHWM")?, line("RssAnon")?);
        let megabytes = |bytes: f64| format!("{:.0}", bytes / 1e6);
        rows.push(vec![
            bench.label.clone(),
            what.to_owned(),
            megabytes(now as f64),
            megabytes(most as f64),
            megabytes(anonymous as f64),
            files.map_or("?".into(), |files| megabytes(now as f64 - files as f64)),
        ]);
        results.push(json!({
            "what": what, "now_bytes": now, "most_bytes": most, "anonymous_bytes": anonymous,
        }));
        Ok::<(), String>(())
    };

    let server = bench.start_server()?;
    server.wait_until_ready(|_| ())?;
    note("loaded", &server)?;
    Session::new(&server)?.cold(CONTEXT)?;
    note(&format!("{CONTEXT} tokens prompted at once"), &server)?;
    drop(server);

    if !bench.quick {
        let server = bench.start_server()?;
        let session = Session::new(&server)?;
        let mut body = chat();
        let (mut answer, _) = session.preview(&body)?;
        while answer["context_token_count"].as_u64().unwrap_or(u64::MAX) < CONTEXT as u64 {
            let (step, _) = session.step(&body)?;
            body["completion_ids"] = step["new_completion_ids"].clone();
            (answer, _) = session.preview(&body)?;
        }
        note(&format!("{CONTEXT} tokens, stepped and previewed one by one"), &server)?;
    }
    Ok(json!({ "file_bytes": files, "measured": results }))
}
