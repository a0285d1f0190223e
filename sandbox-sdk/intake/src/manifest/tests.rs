//! What is told about manifests.

use super::*;

#[test]
fn everything_is_told_at_once() {
    let text = r#"
        abi = 3
        name = "Risk"
        colour = "red"
        params = [{ name = "a", kind = "float" }, 3]
        labels = [{ value = 0, label = "low" }, { value = 0, label = "null", ja = "=cmd|x" }, { value = 4294967296, label = "a,b" }]
    "#;
    let mut findings = Findings::default();
    assert_eq!(read(text, &mut findings), None);
    let rules: Vec<String> = findings.report().findings.into_iter().map(|f| format!("{} {}", f.rule, f.place)).collect();
    let expected = [
        "abi-version manifest abi",
        "manifest-key manifest",
        "name manifest.name",
        "param-kind params[0].kind",
        "manifest-missing params[1]",
        "label-text labels[1].label",
        "label-ja labels[1].ja",
        "label-value labels[2].value",
        "label-text labels[2].label",
    ];
    assert_eq!(rules, expected);
}

#[test]
fn a_manifest_is_read() {
    let text = "abi = 1\nname = \"band\"\nparams = [{ name = \"age\", kind = \"int\" }]\nlabels = [{ value = 0, label = \"low\", ja = \"低い\" }, { value = -7, label = \"high\" }]";
    let mut findings = Findings::default();
    let manifest = read(text, &mut findings).unwrap();
    assert!(matches!(&manifest.form, Form::Scalar { export, .. } if export == "f"));
    assert_eq!((manifest.labels()[1].value, manifest.params[0].kind), (-7, ParamKind::Int));
}

fn rules(text: &str) -> Vec<String> {
    Manifest::read(text).unwrap_err().findings.into_iter().map(|f| format!("{} {}", f.rule, f.place)).collect()
}

const PERSON: &str = r#"
    abi = 2
    name = "charlson"
    form = "person"
    reads = "SELECT icd10, ym FROM claims"
    rows = 3
    params = [{ name = "icd10", kind = "text" }, { name = "ym", kind = "int" }]
    columns = [
        { name = "score", kind = "number", low = 0, high = 37, step = 1 },
        { name = "band", kind = "label", labels = [{ value = 0, label = "low" }, { value = 1, label = "high" }] },
        { name = "since", kind = "month" },
    ]
"#;

#[test]
fn the_person_form_is_read_and_what_is_wrong_with_it_told() {
    let manifest = Manifest::read(PERSON).unwrap();
    let Form::Person(person) = &manifest.form else { panic!("not of the person form") };
    assert_eq!((person.rows, person.columns.len(), &person.columns[2].values), (3, 3, &Values::Month));
    assert_eq!(manifest.labels(), []);

    let lies = PERSON.replace("rows = 3", "rows = 1001").replace("high = 37", "high = 37.5").replace("\"since\"", "\"band\"");
    assert_eq!(rules(&lies), ["rows manifest rows", "number-grid columns[0]"]);
    let twice = PERSON.replace("\"since\"", "\"band\"").replace("value = 1", "value = 0").replace("SELECT", "SEL\u{1}ECT");
    assert_eq!(rules(&twice), ["manifest-syntax manifest line 5"]);
    let twice = PERSON.replace("\"since\"", "\"band\"").replace("value = 1", "value = 0").replace("SELECT", "SEL\\u0001ECT");
    assert_eq!(rules(&twice), ["reads manifest reads", "label-twice columns[1].labels[1]", "column-twice columns[2]"]);
    assert_eq!(rules(&PERSON.replace("abi = 2", "abi = 1"))[0], "manifest-key manifest", "version 1 has no forms");
    assert_eq!(rules(&PERSON.replace("\"person\"", "\"people\""))[0], "form manifest form");
}

#[test]
fn a_number_is_a_grid_of_decimals() {
    let with =
        |number: &str| Manifest::read(&format!("abi = 2\nname = \"g\"\nparams = [{{ name = \"x\", kind = \"int\" }}]\nnumber = {number}"));
    let grid = |number: &str| match with(number).unwrap().form {
        Form::Scalar { result: Values::Number(grid), .. } => grid,
        other => panic!("{other:?}"),
    };
    assert_eq!(grid("{ low = -1.5, high = 2, step = 0.25 }"), Grid { low: -150, high: 200, step: 25, scale: 2 });
    let tenths = grid("{ low = 0, high = 1000000, step = 0.1 }");
    assert_eq!((tenths.steps(), tenths.units(3), tenths.units(10_000_001)), (Some(10_000_000), Some(3), None));
    for wrong in [
        "{ low = 0, high = 0, step = 1 }",
        "{ low = 0, high = 1, step = 0 }",
        "{ low = 0, high = 1, step = -1 }",
        "{ low = 0.05, high = 1, step = 0.1 }",
        "{ low = 0, high = 1e12, step = 1e-6 }",
        "{ low = 0, high = 1, step = 1e-7 }",
        "{ low = -9223372036854775807, high = 9223372036854775807, step = 1 }",
        "{ low = nan, high = inf, step = 1 }",
        "{ low = \"0\", high = 1, step = 1 }",
        "{ low = 0, high = 1 }",
        "{ low = 0, high = 1, step = 1, unit = \"m\" }",
        "7",
    ] {
        assert!(with(wrong).is_err(), "{wrong}");
    }
    assert!(with("{ low = 0, high = 1, step = 1 }\nlabels = []").is_err(), "one of the two");
}
