//! Guests in Python: the tool's own tests, and that the modules of the template are what it makes of their sources.

use std::{fs, path::PathBuf, process::Command};

use visiting_tests::{skip::skip, world::tree};

/// Python with the C compiler and the engine that the tool's tests compare with; `None` after saying so.
fn python() -> Option<String> {
    let python = std::env::var("VISITING_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let works = Command::new(&python).args(["-c", "import ziglang, wasmtime, tomllib"]).output().is_ok_and(|o| o.status.success());
    if !works {
        skip("no python 3.11 with ziglang and wasmtime; `cargo verify` installs them, or name it in VISITING_PYTHON");
    }
    works.then_some(python)
}

fn template() -> PathBuf {
    tree().unwrap().join("sandbox-sdk/templates/python")
}

/// Runs it in the template's folder; what it says goes into the failure.
fn run(python: &str, arguments: &[&str]) {
    let output = Command::new(python).arg("-B").args(arguments).current_dir(template()).output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_the_tool_takes_gives_what_python_gives() {
    let Some(python) = python() else { return };
    run(&python, &["-m", "unittest", "test_refusals", "test_results"]);
}

#[test]
fn the_modules_of_the_template_come_from_its_sources() {
    // Copied, so that the template may be taken without what lies beside it.
    let copied = tree().unwrap().join("sandbox-sdk/templates/c/visiting.h");
    assert_eq!(fs::read(template().join("compiler/visiting.h")).unwrap(), fs::read(copied).unwrap());
    let Some(python) = python() else { return };
    for name in ["guest", "person"] {
        let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{name}.wasm"));
        run(&python, &["build.py", &format!("{name}.py"), "--out", out.to_str().unwrap()]);
        let built = visiting_intake::trim(&fs::read(&out).unwrap()).unwrap();
        assert_eq!(built, fs::read(template().join(format!("{name}.wasm"))).unwrap(), "{name}");
    }
}
