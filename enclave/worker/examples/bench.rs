//! Prints what guests cost: `cargo run --release -p visiting-worker --example bench -- PATH/visiting-worker`.

fn main() -> Result<(), String> {
    let program = std::env::args().nth(1).ok_or("where is visiting-worker?")?;
    visiting_worker::bench(std::path::Path::new(&program), |line| println!("{line}"))
}
