//! Paths in variables, as Python reads them: `~` is a user's folder, `$NAME` and `${NAME}` are variables.

use std::fs;

/// A path as `os.path.expandvars(os.path.expanduser(path))` gives it, which is how huggingface_hub reads
/// its variables. What is not known stays as it stands. `variable` knows the variables.
pub(super) fn expanded(path: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    with_variables(&with_home(path), variable)
}

/// `~` and `~name` at the start, up to the first slash, are the folder of this user and of another.
fn with_home(path: &str) -> String {
    let Some(rest) = path.strip_prefix('~') else { return path.to_owned() };
    let (name, below) = rest.split_at(rest.find(std::path::is_separator).unwrap_or(rest.len()));
    let home = match name {
        "" => dirs::home_dir().map(|home| home.to_string_lossy().into_owned()),
        name => home_of(name),
    };
    home.map_or_else(|| path.to_owned(), |home| home.trim_end_matches('/').to_owned() + below)
}

/// The folder of another user. Where the system keeps its users elsewhere, there is none.
fn home_of(name: &str) -> Option<String> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let mut users = users.lines().map(|line| line.split(':'));
    users.find_map(|mut user| (user.next() == Some(name)).then(|| user.nth(4))?).map(str::to_owned)
}

/// `$NAME` and `${NAME}`, where NAME is known, are its value. Values are not looked through again.
fn with_variables(path: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::new();
    let mut rest = path;
    while let Some(dollar) = rest.find('$') {
        let (before, from_dollar) = rest.split_at(dollar);
        expanded.push_str(before);
        let after = &from_dollar[1..];
        let in_braces = after.strip_prefix('{').and_then(|after| after.split_once('}'));
        let (name, behind) = in_braces.unwrap_or_else(|| {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            after.split_at(after.find(|c| !is_word(c)).unwrap_or(after.len()))
        });
        let value = Some(name).filter(|name| !name.is_empty()).and_then(variable);
        let as_it_stands = &from_dollar[..from_dollar.len() - behind.len()];
        expanded.push_str(value.as_deref().unwrap_or(as_it_stands));
        rest = behind;
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_homes_are_pythons() {
        let variable = |name: &str| {
            let known =
                [("A", "/a"), ("B_1", "b"), ("AGAIN", "$A"), ("EMPTY", ""), ("an odd-name", "o")];
            let found = known.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        // What Python 3.11 gives for these, with these variables.
        for (path, expected) in [
            ("", ""),
            ("$A", "/a"),
            ("$A/x", "/a/x"),
            ("/x/${A}y", "/x//ay"),
            ("$B_1.x$B_1", "b.xb"),
            ("$B_12", "$B_12"),
            ("$AGAIN/x", "$A/x"),
            ("[$EMPTY]", "[]"),
            ("${an odd-name}", "o"),
            ("$unknown/${unknown}/$A", "$unknown/${unknown}//a"),
            ("$", "$"),
            ("$$A", "$/a"),
            ("${}$A", "${}/a"),
            ("${A", "${A"),
            ("a$-$A", "a$-/a"),
            ("x~/$Aé", "x~//aé"),
            ("~nobody-has-this-name/x", "~nobody-has-this-name/x"),
        ] {
            assert_eq!(expanded(path, &variable), expected, "{path:?}");
        }
        if let Some(home) = dirs::home_dir() {
            let home = home.to_str().unwrap().trim_end_matches('/');
            assert_eq!(expanded("~", &variable), home);
            assert_eq!(expanded("~/$B_1", &variable), format!("{home}/b"));
        }
    }

    /// The first user of every Unix system, and whatever folder it has there.
    #[cfg(target_os = "linux")]
    #[test]
    fn another_users_folder_is_the_systems_to_say() {
        let home = home_of("root").unwrap();
        assert!(home.starts_with('/'), "{home}");
        assert_eq!(with_home("~root/x"), format!("{}/x", home.trim_end_matches('/')));
    }
}
