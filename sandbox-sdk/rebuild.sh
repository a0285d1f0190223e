#!/bin/sh
# rebuild.sh FOLDER: builds the templates and the examples into FOLDER with Debian's compilers (packages: clang-22 lld-22 rustc-web cargo-web rust-web-src).
# With rustup, `rustup target add wasm32-unknown-unknown` and a plain `cargo build --release` in the project do the same.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
mkdir -p "$out"
clang-22 --target=wasm32-unknown-unknown -mcpu=mvp -O2 -nostdlib -fno-builtin -Wl,--no-entry,-z,stack-size=4096 -o "$out/c.wasm" "$here/templates/c/guest.c"
# Debian has the library's source and not its build for this target, so it is built along (needs the nightly switch).
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$out/target" RUSTFLAGS="-C target-cpu=mvp -C linker=wasm-ld-22 -C link-arg=-zstack-size=4096"
# The template is built as a researcher has it: copied away, with the helpers beside it.
mkdir -p "$out/copy/templates"
cp -r "$here/Cargo.toml" "$here/src" "$out/copy/"
cp -r "$here/templates/rust" "$out/copy/templates/"
for project in templates/rust examples/age_adjusted_risk_band examples/charlson examples/egfr examples/egfr_stage examples/episodes examples/first_diagnosis examples/mpr; do
    root=$here
    if [ "$project" = templates/rust ]; then root=$out/copy; fi
    (cd "$root/$project" && /usr/bin/cargo build --release --quiet -Zbuild-std=core,compiler_builtins)
    name=$(sed -n 's/^name = "\(.*\)"$/\1/p' "$here/$project/Cargo.toml")
    cp "$out/target/wasm32-unknown-unknown/release/$name.wasm" "$out/$name.wasm"
done
