//! `strftime_now(format)`: the time as transformers tells it, which is local and knows no zone.

use jiff::civil::DateTime;

/// Python's `datetime.now().strftime(format)` in the C locale. What is no code stays as it is.
pub(crate) fn format(now: DateTime, format: &str) -> String {
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let flag = chars.next_if(|c| "-_0^#".contains(*c));
        let Some(code) = chars.next() else {
            out.push('%');
            out.extend(flag);
            break;
        };
        match value(now, code) {
            Some(text) => out.push_str(&flagged(&text, code, flag)),
            None => {
                out.push('%');
                out.extend(flag);
                out.push(code);
            }
        }
    }
    out
}

/// Without zeros in front, with blanks there, or in large letters, as the C library has it.
fn flagged(text: &str, code: char, flag: Option<char>) -> String {
    let numeric = "CdeGgHIjklmMSUuVWwyY".contains(code);
    let bare = text.trim_start_matches(['0', ' ']);
    let bare = if bare.is_empty() { "0" } else { bare };
    match flag {
        Some('-') if numeric => bare.to_owned(),
        Some('_') if numeric => format!("{bare:>0$}", text.len()),
        Some('0') if numeric => format!("{bare:0>0$}", text.len()),
        Some('^') => text.to_uppercase(),
        Some('#') if code == 'p' => text.to_lowercase(),
        Some('#') => text.to_uppercase(),
        _ => text.to_owned(),
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn value(now: DateTime, code: char) -> Option<String> {
    let again = |pattern: &str| format(now, pattern);
    let (year, month, day) = (now.year(), now.month(), now.day());
    let (hour, minute, second) = (now.hour(), now.minute(), now.second());
    let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    let from_monday = now.weekday().to_monday_zero_offset() as usize;
    let from_sunday = now.weekday().to_sunday_zero_offset() as usize;
    let day_of_year = now.day_of_year() as usize;
    let iso = now.date().iso_week_date();
    Some(match code {
        'a' => DAYS[from_monday][..3].into(),
        'A' => DAYS[from_monday].into(),
        'b' | 'h' => MONTHS[month as usize - 1][..3].into(),
        'B' => MONTHS[month as usize - 1].into(),
        'c' => again("%a %b %e %H:%M:%S %Y"),
        'C' => format!("{:02}", year / 100),
        'd' => format!("{day:02}"),
        'D' | 'x' => again("%m/%d/%y"),
        'e' => format!("{day:2}"),
        'f' => format!("{:06}", now.subsec_nanosecond() / 1000),
        'F' => again("%Y-%m-%d"),
        'g' => format!("{:02}", iso.year() % 100),
        'G' => format!("{}", iso.year()),
        'H' => format!("{hour:02}"),
        'I' => format!("{hour12:02}"),
        'j' => format!("{day_of_year:03}"),
        'k' => format!("{hour:2}"),
        'l' => format!("{hour12:2}"),
        'm' => format!("{month:02}"),
        'M' => format!("{minute:02}"),
        'n' => "\n".into(),
        'p' => if hour < 12 { "AM" } else { "PM" }.into(),
        'P' => if hour < 12 { "am" } else { "pm" }.into(),
        'r' => again("%I:%M:%S %p"),
        'R' => again("%H:%M"),
        'S' => format!("{second:02}"),
        't' => "\t".into(),
        'T' | 'X' => again("%H:%M:%S"),
        'u' => format!("{}", from_monday + 1),
        'U' => format!("{:02}", (day_of_year + 6 - from_sunday) / 7),
        'V' => format!("{:02}", iso.week()),
        'w' => format!("{from_sunday}"),
        'W' => format!("{:02}", (day_of_year + 6 - from_monday) / 7),
        'y' => format!("{:02}", year % 100),
        'Y' => format!("{year}"),
        // There is no zone.
        'z' | 'Z' => String::new(),
        '%' => "%".into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_as_python_does() {
        let now = DateTime::constant(2024, 3, 5, 9, 7, 3, 42_000_000);
        for (pattern, text) in [
            ("%d %b %Y", "05 Mar 2024"),
            ("%B %d, %Y", "March 05, 2024"),
            ("%-d/%-m/%y", "5/3/24"),
            ("%Y-%m-%d %H:%M:%S", "2024-03-05 09:07:03"),
            ("%A %I:%M %p, %e|%_d|%k", "Tuesday 09:07 AM,  5| 5| 9"),
            ("%j %U %W %V %G %u %w %C", "065 09 10 10 2024 2 2 20"),
            ("%c", "Tue Mar  5 09:07:03 2024"),
            ("%x %X %D %T %R %r", "03/05/24 09:07:03 03/05/24 09:07:03 09:07 09:07:03 AM"),
            ("[%z%Z] %f %%", "[] 042000 %"),
            ("%^a %#p", "TUE am"),
            ("%Q %", "%Q %"),
        ] {
            assert_eq!(format(now, pattern), text, "{pattern}");
        }
    }
}
