//! Small guests of the tests' own, written in the text form of WebAssembly.

/// Manifest and module, as they are uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// TOML.
    pub manifest: String,
    /// The binary module.
    pub module: Vec<u8>,
}

/// A guest of these parameters (name and kind) and labels; its body leaves the place of a label on the stack.
///
/// # Errors
/// When the body is no WebAssembly.
pub fn guest(name: &str, params: &[(&str, &str)], labels: &[&str], body: &str) -> Result<Source, String> {
    let param = |(name, kind): &(&str, &str)| format!("{{ name = \"{name}\", kind = \"{kind}\" }}");
    let label = |(value, label): (usize, &&str)| format!("{{ value = {value}, label = \"{label}\" }}");
    let list = |all: Vec<String>| all.join(", ");
    let manifest = format!(
        "abi = 1\nname = \"{name}\"\nexport = \"f\"\nparams = [{}]\nlabels = [{}]\n",
        list(params.iter().map(param).collect()),
        list(labels.iter().enumerate().map(label).collect()),
    );
    let slots = params.iter().map(|(name, kind)| match *kind {
        "text" => format!("(param ${name} i64) (param ${name}2 i64)"),
        "decimal" => format!("(param ${name} f64)"),
        _ => format!("(param ${name} i64)"),
    });
    let text = format!("(module (func (export \"f\") {} (result i32)\n{body}))", slots.collect::<Vec<_>>().join(" "));
    Ok(Source { manifest, module: assembled(name, &text)? })
}

/// The binary form, without the names of the text form.
pub(crate) fn assembled(name: &str, text: &str) -> Result<Vec<u8>, String> {
    let module = wat::parse_str(text).map_err(|e| format!("{name}: {e}"))?;
    visiting_intake::trim(&module).map_err(|e| format!("{name}: {e}"))
}

/// The worked example of `sandbox-sdk/examples`: a band of risk by age, sex and care level. Called `guest.risk_band`.
///
/// # Errors
/// When its files are not in the tree.
pub fn worked_example() -> Result<Source, String> {
    let folder = crate::world::tree()?.join("sandbox-sdk/examples/age_adjusted_risk_band");
    let read = |name: &str| std::fs::read(folder.join(name)).map_err(|e| format!("{name} of the worked example: {e}"));
    Ok(Source { manifest: String::from_utf8_lossy(&read("guest.toml")?).into_owned(), module: read("guest.wasm")? })
}

/// Bands of age at the end of 2024 whose limits lie five years higher for women. Every person has one.
///
/// # Errors
/// As [`guest`].
pub fn band(name: &str) -> Result<Source, String> {
    let body = "(local $age i64)
        (local.set $age (i64.sub
            (i64.div_s (i64.sub (i64.const 202412) (local.get $born)) (i64.const 100))
            (select (i64.const 5) (i64.const 0) (i64.eq (local.get $sex) (i64.const 2)))))
        (i32.add (i64.ge_s (local.get $age) (i64.const 40)) (i64.ge_s (local.get $age) (i64.const 65)))";
    guest(name, &[("born", "int"), ("sex", "int")], &["young", "middle", "old"], body)
}

/// Diabetes (E10 to E19) or another disease of at most 1000 points; a trap for diseases that begin with I, and a result that no
/// label has for more points: rows without a label.
///
/// # Errors
/// As [`guest`].
pub fn kin(name: &str) -> Result<Source, String> {
    let body = "(if (result i32) (i64.eq (i64.shr_u (local.get $disease) (i64.const 48)) (i64.const 0x4531))
            (then (i32.const 0))
            (else (if (result i32) (i64.eq (i64.shr_u (local.get $disease) (i64.const 56)) (i64.const 0x49))
                (then unreachable)
                (else (select (i32.const 9) (i32.const 1) (f64.gt (local.get $points) (f64.const 1000)))))))";
    guest(name, &[("disease", "text"), ("points", "decimal")], &["diabetes", "other"], body)
}

/// Declared as [`band`], but it counts the rows that it has seen, in a memory: not of the pure form.
///
/// # Errors
/// As [`guest`].
pub fn keeping_memory(name: &str) -> Result<Source, String> {
    let text = "(module (memory 1) (func (export \"f\") (param i64 i64) (result i32)
        (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
        (i32.rem_u (i32.load (i32.const 0)) (i32.const 3))))";
    Ok(Source { module: assembled(name, text)?, ..band(name)? })
}
