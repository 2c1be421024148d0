//! What SECURITY.md says of tests is true.

use std::fs;
use std::path::Path;

use crate::{root, sources};

#[test]
fn every_test_that_security_names_exists() {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let mut files = sources(&root().join("crates"));
    files.extend(sources(&root().join("xtask")));
    let code: String = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let page = |name: &str| root().join("web/e2e").join(name).is_file();
    let mut n = 0;
    for paragraph in text.split("\n\n").filter(|text| text.starts_with("Tested by ")) {
        for name in paragraph.split('`').skip(1).step_by(2) {
            let exists = code.contains(&format!("fn {name}(")) || page(name) || is_file(name);
            assert!(exists, "SECURITY.md names a test {name}, and there is none");
            n += 1;
        }
    }
    assert!(n > 10, "{n} tests were found in SECURITY.md");
}

/// Programs that are too long for the suite are named by their path.
fn is_file(name: &str) -> bool {
    let name = Path::new(name);
    name.components().count() > 1 && root().join(name).is_file()
}
