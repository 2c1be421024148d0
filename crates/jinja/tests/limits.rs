//! Templates come from model files: none of them takes long, fills memory or overflows the stack.

use tokenscope_jinja::{Template, Variable};

fn render(source: &str) -> Result<String, String> {
    let message =
        Variable::Map(vec![("role", Variable::Text("user")), ("content", Variable::Text("Hi"))]);
    let variables =
        [("messages", Variable::List(vec![message])), ("eos_token", Variable::Text("</s>"))];
    let template = Template::new(source).map_err(|error| error.to_string())?;
    template.render(&variables).map_err(|error| error.to_string())
}

/// A step taken 64 times, with a text and a list to double.
fn doubling(step: &str) -> String {
    format!(
        "{{% set ns = namespace(x='aaaaaaaa', y=[1]) %}}{{% for i in range(64) %}}{step}{{% endfor %}}{{{{ ns.x == ns.y }}}}"
    )
}

#[test]
fn what_filters_make_of_what_they_made_does_not_pile_up() {
    for step in [
        "ns.y[0:]",
        "ns.y + []",
        "ns.y | map('upper') | list",
        "ns.y | reverse | list",
        "ns.y | map('lower') | list",
        "ns.y | select | list",
    ] {
        let source = format!(
            "{{% set ns = namespace(y=['a']) %}}{{% for i in range(9999) %}}{{% set ns.y = {step} %}}{{% endfor %}}{{{{ ns.y | join | lower }}}}"
        );
        assert_eq!(render(&source), Ok("a".to_owned()), "{step}");
    }
}

#[test]
fn templates_that_never_end_or_fill_memory_are_stopped() {
    const TEXT: &str = "too much text";
    const DEEP: &str = "nest too deeply";
    for (source, complaint) in [
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}".to_owned(), "too many steps"),
        ("{% for i in range(99999) %}{{ 'text' * i }}{% endfor %}".to_owned(), TEXT),
        ("{{ 999999999999 * eos_token }}".to_owned(), TEXT),
        ("{{ [1] * 999999999 }}".to_owned(), TEXT),
        ("{{ 'a' * 20 * 20 * 20 * 20 * 20 * 20 }}".to_owned(), TEXT),
        ("{% set n = 99999999 %}{{ 'a' * n }}".to_owned(), TEXT),
        (doubling("{% set ns.x = ns.x + ns.x %}"), TEXT),
        (doubling("{% set ns.x = ns.x ~ ns.x %}"), TEXT),
        (doubling("{% set ns.x = ns.x.replace('a', 'aa') %}"), TEXT),
        (doubling("{% set ns.x = ns.x | replace('', ns.x) %}"), TEXT),
        (doubling("{% set ns.x = ns.x.join([ns.x, ns.x, ns.x]) %}"), TEXT),
        (doubling("{% set ns.x = '%s%s' % (ns.x, ns.x) %}"), TEXT),
        (doubling("{% set ns.x = '{0}{0}'.format(ns.x) %}"), TEXT),
        (doubling("{% set ns.x = [ns.x, ns.x] | join %}"), TEXT),
        (doubling("{% set ns.x = [ns.x, ns.x] | tojson %}"), TEXT),
        (doubling("{% set ns.x = [ns.x, ns.x] | string %}"), TEXT),
        (doubling("{% set ns.x = ns.x | urlencode ~ ns.x | e %}"), TEXT),
        (doubling("{% set b %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = b %}"), TEXT),
        (doubling("{% set ns.y = [ns.y, ns.y] %}"), DEEP),
        (doubling("{% set ns.x = (ns.x, ns.x) %}{% if {ns.x: 1} %}{% endif %}"), "a key of a mapping is too large"),
        (doubling("{% set ns.y = [ns.y, ns.y] %}{% if loop.index > 50 and ns.y == ns.x %}{% endif %}"), TEXT),
        (doubling("{% set ns.y = ns.y + ns.y %}"), TEXT),
        (doubling("{% set ns.y = [ns.y] + ns.y[::-1] %}"), DEEP),
        (doubling("{% set ns.y = {'a': ns.y, 'b': ns.y} %}"), DEEP),
        (doubling("{% set ns.y = dict(a=ns.y, b=ns.y) %}"), DEEP),
        ("{% set ns = namespace(x=1) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}".to_owned(), DEEP),
        ("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}".to_owned(), "printing a namespace"),
        ("{% set ns = namespace() %}{% for i in range(9999) %}{% set n = namespace() %}{% set n.a = ns.b %}{% set ns.b = n %}{% endfor %}".to_owned(), "too many namespaces"),
        ("{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}".to_owned(), DEEP),
        ("{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}".to_owned(), DEEP),
        ("{{ 'x\n' | indent(999999999) }}".to_owned(), TEXT),
        ("{{ 'x' | indent(width=999999999) }}".to_owned(), TEXT),
        ("{{ 'x' | center(999999999) }}".to_owned(), TEXT),
        ("{{ 'x'.zfill(999999999) }}".to_owned(), TEXT),
        ("{{ 'x'.ljust(999999999) }}".to_owned(), TEXT),
        ("{{ '\t\t\t'.expandtabs(999999999) }}".to_owned(), TEXT),
        ("{{ '{:999999999}'.format(1) }}".to_owned(), TEXT),
        ("{{ '{:.999999999f}'.format(1.5) }}".to_owned(), TEXT),
        ("{{ '%999999999d' | format(1) }}".to_owned(), TEXT),
        ("{{ [1] | batch(999999999, 'x') | list }}".to_owned(), TEXT),
        ("{{ [1] | slice(999999999) | list }}".to_owned(), TEXT),
        ("{{ messages | tojson(indent=999999999) }}".to_owned(), TEXT),
        ("{{ range(9999999) | list }}".to_owned(), "Range too big"),
        (format!("{{{{ {}1{} }}}}", "(".repeat(190), ")".repeat(190)), DEEP),
        (format!("{{{{ {}1{} }}}}", "(".repeat(9999), ")".repeat(9999)), "too long"),
        (format!("{{{{ {}1 }}}}", "not ".repeat(900)), DEEP),
        (format!("{{{{ {}1 }}}}", "-".repeat(900)), DEEP),
        (format!("{{{{ 1{} }}}}", "+ eos_token".repeat(90_000)), "too long"),
        (format!("{{{{ eos_token{} }}}}", ".a".repeat(90_000)), "too long"),
        (format!("{{{{ eos_token{} }}}}", ".a".repeat(450)), DEEP),
        (format!("{}x{}", "{% if true %}".repeat(9999), "{% endif %}".repeat(9999)), DEEP),
        (" ".repeat(2_000_000), "bytes"),
        ("{% set n = 1 %}{{ n is divisibleby(0) }}".to_owned(), "modulo by zero"),
        ("{% include 'other' %}".to_owned(), "“include” is not supported"),
        ("{% block a %}{% endblock %}".to_owned(), "“block” is not supported"),
        ("{% if %}".to_owned(), "a value was expected"),
    ] {
        let shown: String = source.chars().take(120).collect();
        let error = render(&source).map(|text| text.len()).expect_err(&shown);
        assert!(error.contains(complaint), "{shown}: {error}");
    }
}

#[test]
fn what_real_templates_nest_is_not_too_deep() {
    let sum = format!("{{{{ 'a'{} }}}}", " + 'a'".repeat(300));
    assert_eq!(render(&sum).map(|text| text.len()), Ok(301));
    let alternatives =
        format!("{{% if no %}}{}{{% else %}}x{{% endif %}}", "{% elif no %}".repeat(2000));
    assert_eq!(render(&alternatives), Ok("x".to_owned()));
    let blocks = format!("{}x{}", "{% if true %}".repeat(60), "{% endif %}".repeat(60));
    assert_eq!(render(&blocks), Ok("x".to_owned()));
    let calls =
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{% else %}x{% endif %}{% endmacro %}{{ f(40) }}";
    assert_eq!(render(calls), Ok("x".to_owned()));
}
