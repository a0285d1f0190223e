//! The hostile corpus (`tests/hostile/*.wat`): guests that want more than they may, each beside a benign twin that runs.
//!
//! Lines at the head of a file: `;; ` what it tries, `;;! ` a line of its manifest, `;;= ` a row and its label
//! (`13 -> null`), `;;+ ` how the module is made worse than text can say (`pad BYTES`, `names`).

use std::{fs, path::PathBuf};

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
    /// Arguments and the label that must come of them.
    pub rows: Vec<(Option<i64>, Option<String>)>,
}

/// All pairs of a hostile guest and its benign twin, by name.
///
/// # Errors
/// A file that cannot be read, or a hostile one without a twin, in words.
pub fn corpus() -> Result<Vec<(Case, Case)>, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("hostile");
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
    let mut module = wat::parse_str(text).map_err(|e| format!("{name}: {e}"))?;
    let make = head(";;+ ").concat();
    if make != "names" && !text.contains("(module binary") {
        module = without_custom(&module).unwrap_or(module);
    }
    if let Some(bytes) = make.strip_prefix("pad ") {
        pad(&mut module, bytes.parse().map_err(|_| format!("{name}: pad how much?"))?);
    }
    let rows = head(";;= ").iter().map(|row| line(row)).collect::<Option<Vec<_>>>().ok_or(format!("{name}: a row is not `5 -> no`"))?;
    Ok(Case { about: head(";; ").concat(), manifest: manifest(&head(";;! ").join("\n")), module, rows, name })
}

fn line(row: &str) -> Option<(Option<i64>, Option<String>)> {
    let (value, label) = row.split_once(" -> ")?;
    let value = if value == "null" { None } else { Some(value.parse().ok()?) };
    Some((value, (label != "null").then(|| label.to_owned())))
}

/// `MANY n` stands for n labels.
fn manifest(text: &str) -> String {
    let Some((before, rest)) = text.split_once("MANY ") else { return text.to_owned() };
    let (count, after) = rest.split_once(']').unwrap_or((rest, ""));
    let labels = (0..count.parse().unwrap_or(0_u32)).map(|i| format!("{{ value = {i}, label = \"l{i}\" }},\n"));
    format!("{before}{}]{after}", labels.collect::<String>())
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
