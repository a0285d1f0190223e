//! `visiting gateway [--demo]`: the front desk.

use std::process::ExitCode;

use visiting_gateway::{config::Config, serve::serve};

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let demo = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--demo" => true,
        _ => {
            eprintln!("usage: visiting gateway [--demo]");
            return ExitCode::from(2);
        }
    };
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
