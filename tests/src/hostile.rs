//! The hostile corpus (`tests/hostile/*.wat`): guests that want more than they may, each beside a benign twin that runs.
//!
//! Lines at the head of a file: `;; ` what it tries, `;;! ` a line of its manifest, `;;= ` a call and what comes of it, `;;+ ` how the module
//! is made worse than text can say (`pad BYTES`, `names`). In a manifest `MANY n` stands for n labels and `LONG n` for n letters, in a module
//! `(;many n;) … (;end;)` for n times what is between.
//!
//! A call of the scalar form is its arguments and the result (`13 -> null`, `1.5 E11 -> yes`), one of the person form the rows of a person and
//! the rows about that person (`202401 E11; null I10 -> 3, yes; 0, no`). Without rows it is `none`; where the guest fails for that person,
//! `failed`.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// One guest.
#[derive(Debug, Clone)]
pub struct Case {
    /// File name without `.wat`.
    pub name: String,
    /// What it tries, in a sentence.
    pub about: String,
    /// Manifest.
    pub manifest: String,
    /// Module.
    pub module: Vec<u8>,
    /// What it is called with, and what must come of it.
    pub calls: Vec<Call>,
}

/// One row of the scalar form, one person of the person form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Rows of arguments; without a text an argument has no value.
    pub rows: Vec<Vec<Option<String>>>,
    /// The same as the file has it.
    pub given: String,
    /// What comes of it, as the file has it.
    pub told: String,
}

impl Case {
    /// All rows of all calls, the column of one argument.
    #[must_use]
    pub fn column(&self, argument: usize) -> Vec<Option<&str>> {
        self.calls.iter().flat_map(|call| &call.rows).map(|row| row.get(argument).and_then(|text| text.as_deref())).collect()
    }

    /// Rows of each call.
    #[must_use]
    pub fn lengths(&self) -> Vec<u32> {
        self.calls.iter().map(|call| call.rows.len() as u32).collect()
    }
}

/// What comes of a person: the rows, column after column.
#[must_use]
pub fn rows(told: &[Vec<Option<String>>]) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
    let rows: Vec<String> = told.iter().map(|row| row.iter().map(value).collect::<Vec<_>>().join(", ")).collect();
    if rows.is_empty() { "none".to_owned() } else { rows.join("; ") }
}

/// What is kept of the corpus: for each hostile guest intake's words, or what came of its calls. `told` runs a guest.
///
/// # Panics
/// Where a guest gives something else than its file says, or a twin is not taken.
#[must_use]
pub fn kept(pairs: &[(Case, Case)], told: impl Fn(&Case) -> Vec<String>) -> String {
    let mut text = String::new();
    for (hostile, benign) in pairs {
        let _ = writeln!(text, "# {}: {}", hostile.name, hostile.about);
        match visiting_intake::examine(&hostile.manifest, &hostile.module) {
            Err(report) => {
                assert!(hostile.calls.is_empty(), "{} is refused, and its file says what it gives:\n{report}", hostile.name);
                text.push_str(&report.to_string());
            }
            Ok(_) => {
                text.push_str("taken\n");
                expect(hostile, &told(hostile));
                hostile.calls.iter().for_each(|call| _ = writeln!(text, "  {} -> {}", call.given, call.told));
            }
        }
        expect(benign, &told(benign));
        assert!(hostile.manifest != benign.manifest || hostile.module != benign.module, "{} is its own twin", hostile.name);
    }
    text
}

fn expect(case: &Case, told: &[String]) {
    let wanted: Vec<&str> = case.calls.iter().map(|call| call.told.as_str()).collect();
    assert!(!wanted.is_empty() && told == wanted, "{}: {told:?}, and its file says {wanted:?}", case.name);
}

/// Where the expected words of the corpus are kept.
///
/// # Errors
/// No folder `tests/hostile` above the package.
pub fn folder() -> Result<PathBuf, String> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.map(|folder| folder.join("tests/hostile")).find(|folder| folder.is_dir()).ok_or_else(|| "there is no tests/hostile".to_owned())
}

/// All pairs of a hostile guest and its benign twin, by name.
///
/// # Errors
/// A file that cannot be read, or a hostile one without a twin, in words.
pub fn corpus() -> Result<Vec<(Case, Case)>, String> {
    let folder = folder()?;
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".wat").map(str::to_owned));
    let mut names: Vec<String> = names.filter(|name| !name.ends_with(".benign")).collect();
    names.sort();
    let read = |name: String| {
        let text = fs::read_to_string(folder.join(format!("{name}.wat"))).map_err(|e| format!("{name}: {e}"))?;
        case(name, &text)
    };
    names.into_iter().map(|name| Ok((read(name.clone())?, read(format!("{name}.benign"))?))).collect()
}

fn case(name: String, text: &str) -> Result<Case, String> {
    let head = |mark: &str| text.lines().filter_map(|line| line.strip_prefix(mark).map(str::to_owned)).collect::<Vec<_>>();
    let mut module = wat::parse_str(many(text)).map_err(|e| format!("{name}: {e}"))?;
    let make = head(";;+ ").concat();
    if make != "names" && !text.contains("(module binary") {
        module = without_custom(&module).unwrap_or(module);
    }
    if let Some(bytes) = make.strip_prefix("pad ") {
        pad(&mut module, bytes.parse().map_err(|_| format!("{name}: pad how much?"))?);
    }
    let calls = head(";;= ").iter().map(|line| call(line)).collect::<Option<Vec<_>>>().ok_or(format!("{name}: a call is not `5 -> no`"))?;
    Ok(Case { about: head(";; ").concat(), manifest: manifest(&head(";;! ").join("\n")), module, calls, name })
}

fn call(line: &str) -> Option<Call> {
    let (given, told) = line.split_once(" -> ")?;
    let argument = |text: &str| (text != "null").then(|| text.to_owned());
    let rows = given.split("; ").filter(|row| *row != "none").map(|row| row.split(' ').map(argument).collect()).collect();
    Some(Call { rows, given: given.to_owned(), told: told.to_owned() })
}

/// `(;many n;) … (;end;)` is n times what is between.
fn many(text: &str) -> String {
    let mut parts = text.split("(;many ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let Some((count, (what, after))) = part.split_once(";)").and_then(|(count, rest)| Some((count, rest.split_once("(;end;)")?)))
        else {
            continue;
        };
        out.push_str(&what.repeat(count.parse().unwrap_or(0)));
        out.push_str(after);
    }
    out
}

/// `MANY n` stands for n labels, `LONG n` for n letters.
fn manifest(text: &str) -> String {
    let number = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        (rest.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(0_usize), end)
    };
    if let Some((before, rest)) = text.split_once("LONG ") {
        let (count, end) = number(rest);
        return format!("{before}{}{}", "x".repeat(count), rest.get(end..).unwrap_or_default());
    }
    let Some((before, rest)) = text.split_once("MANY ") else { return text.to_owned() };
    let (count, end) = number(rest);
    let labels = (0..count).map(|i| format!("{{ value = {i}, label = \"l{i}\" }},\n"));
    format!("{before}{}{}", labels.collect::<String>(), rest.get(end..).unwrap_or_default())
}

/// The module without its custom sections: the text format writes names that a guest may not have.
fn without_custom(module: &[u8]) -> Option<Vec<u8>> {
    let (head, mut rest) = module.split_at_checked(8)?;
    let mut out = head.to_vec();
    while let Some(id) = rest.first() {
        let (mut size, mut at) = (0_usize, 1);
        loop {
            let byte = *rest.get(at)?;
            size |= usize::from(byte & 0x7f) << (7 * (at - 1));
            at += 1;
            if byte < 0x80 {
                break;
            }
        }
        let (section, more) = rest.split_at_checked(at + size)?;
        if *id != 0 {
            out.extend_from_slice(section);
        }
        rest = more;
    }
    Some(out)
}

/// A custom section of that many bytes.
fn pad(module: &mut Vec<u8>, bytes: usize) {
    let mut size = bytes + 2;
    module.push(0);
    while size >= 0x80 {
        module.push(size as u8 & 0x7f | 0x80);
        size >>= 7;
    }
    module.push(size as u8);
    module.extend([1, b'x']);
    module.resize(module.len() + bytes, 0);
}
