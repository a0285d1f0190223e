//! `visiting gateway [--demo]`: the front desk.

use std::process::ExitCode;

use visiting_gateway::{config::Config, serve::serve};

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut demo, mut with_parent) = (false, false);
    for argument in &arguments {
        match argument.as_str() {
            "--demo" => demo = true,
            "--with-parent" => with_parent = true,
            _ => {
                eprintln!("usage: visiting gateway [--demo] [--with-parent]");
                return ExitCode::from(2);
            }
        }
    }
    if with_parent {
        stop_with_parent();
    }
    match run(demo).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("visiting gateway: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(demo: bool) -> Result<(), Box<dyn std::error::Error>> {
    Ok(serve(Config::from_env(demo)?).await?)
}

/// Ends this process when the parent's pipe closes. Every acknowledged write is durable, so there is nothing to wind down.
fn stop_with_parent() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
}
