//! Formats of strings that are enforced. All others are notes, as JSON Schema has it.

/// The texts of a format, in the syntax of the regex crate.
pub(super) fn expression(format: &str) -> Option<String> {
    let date = "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])\
                |(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))\
                |(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)";
    // RFC 3339 lets a leap second follow the last one of a day in UTC only, so there is none here.
    let time = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?\
                (?:[zZ]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";
    let byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    let ipv4 = format!(r"{byte}(?:\.{byte}){{3}}");
    let label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
    let hostname = format!(r"{label}(?:\.{label})*");
    Some(match format {
        "date" => date.into(),
        "time" => time.into(),
        "date-time" => format!("{date}[tT]{time}"),
        // RFC 3339, appendix A.
        "duration" => {
            let time = "T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)";
            let date = "(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)";
            format!("P(?:{date}(?:{time})?|{time}|[0-9]+W)")
        }
        // RFC 5321, 4.1.2, with a local part without quotes.
        "email" => {
            let atom = "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+";
            format!(r"{atom}(?:\.{atom})*@(?:{hostname}|\[{ipv4}\])")
        }
        "hostname" => hostname,
        "ipv4" => ipv4,
        "ipv6" => ipv6(&ipv4),
        "uuid" => "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}".into(),
        "uri" => uri(&ipv4),
        _ => return None,
    })
}

/// RFC 3986, 3.2.2.
fn ipv6(ipv4: &str) -> String {
    let h = "[0-9a-fA-F]{1,4}";
    let last = format!("(?:{h}:{h}|{ipv4})");
    let mut forms = vec![format!("(?:{h}:){{6}}{last}"), format!("::(?:{h}:){{5}}{last}")];
    for before in 0..5 {
        let lead = format!("(?:(?:{h}:){{0,{before}}}{h})?");
        forms.push(format!("{lead}::(?:{h}:){{{}}}{last}", 4 - before));
    }
    forms.push(format!("(?:(?:{h}:){{0,5}}{h})?::{h}"));
    forms.push(format!("(?:(?:{h}:){{0,6}}{h})?::"));
    format!("(?:{})", forms.join("|"))
}

/// RFC 3986, appendix A.
fn uri(ipv4: &str) -> String {
    let encoded = "%[0-9a-fA-F]{2}";
    let part = r"a-zA-Z0-9._\~!$\&'()*+,;=\-";
    let segment = format!("(?:[{part}:@]|{encoded})");
    let later = format!(r"v[0-9a-fA-F]+\.[{part}:]+");
    let host = format!(r"(?:\[(?:{}|{later})\]|(?:[{part}]|{encoded})*)", ipv6(ipv4));
    let authority = format!("(?:(?:[{part}:]|{encoded})*@)?{host}(?::[0-9]*)?");
    let more = format!("(?:/{segment}*)*");
    let path = format!("(?://{authority}{more}|/(?:{segment}+{more})?|{segment}+{more}|)");
    let tail = format!("(?:[{part}:@/?]|{encoded})*");
    format!(r"[a-zA-Z][a-zA-Z0-9+.-]*:{path}(?:\?{tail})?(?:\#{tail})?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_those_of_their_standards() {
        for (format, text, expected) in [
            ("date", "2024-02-29", true),
            ("date", "2023-02-29", false),
            ("date", "1900-02-29", false),
            ("date", "2000-02-29", true),
            ("date", "2026-04-31", false),
            ("time", "23:59:59.5Z", true),
            ("time", "24:00:00Z", false),
            ("date-time", "2026-11-30T12:00:00+01:00", true),
            ("date-time", "2026-11-30 12:00:00Z", false),
            ("duration", "P1Y2M3DT4H", true),
            ("duration", "P1Y3D", false),
            ("email", "a.b+c@example.org", true),
            ("email", "a..b@example.org", false),
            ("hostname", "a-b.example", true),
            ("hostname", "-a.example", false),
            ("ipv4", "255.0.0.1", true),
            ("ipv4", "256.0.0.1", false),
            ("ipv4", "01.0.0.1", false),
            ("ipv6", "::", true),
            ("ipv6", "1:2:3:4:5:6:7:8", true),
            ("ipv6", "1::8", true),
            ("ipv6", "::ffff:1.2.3.4", true),
            ("ipv6", "1:2:3:4:5:6:7", false),
            ("ipv6", "1::2::3", false),
            ("uuid", "123e4567-e89b-12d3-a456-426614174000", true),
            ("uuid", "123e4567e89b12d3a456426614174000", false),
            ("uri", "https://user@[::1]:80/a/b?q=1#f", true),
            ("uri", "urn:isbn:1", true),
            ("uri", "/relative", false),
            ("uri", "http://a b", false),
        ] {
            let pattern = format!("^(?:{})$", expression(format).unwrap());
            let matches = regex::Regex::new(&pattern).unwrap().is_match(text);
            assert_eq!(matches, expected, "{format} {text}");
        }
        assert_eq!(expression("made-up"), None);
    }
}
