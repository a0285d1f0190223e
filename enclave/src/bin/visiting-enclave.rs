//! The enclave's process: no listener, one door to the gateway.

use std::process::ExitCode;

use visiting_enclave::{Config, Enclave, Layers};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let demo = arguments.iter().any(|a| a == "--demo");
    if arguments.iter().any(|a| a == "--with-parent") {
        stop_with_parent();
    }
    let mut config = Config::from_env();
    if arguments.iter().any(|a| a == "--unsafe-no-jail") {
        eprintln!(
            "visiting-enclave: !!! --unsafe-no-jail: researchers' code runs WITHOUT the jail. A guest that breaks out of the WebAssembly engine has \
             this machine. Every output that a guest had a part in says so in the record and in its receipt. Never with real data.\n\
             visiting-enclave: !!! 研究者のプログラムを隔離せずに動かします。実データでは使わないでください。"
        );
        config.jail = Layers::UNSAFE_NO_JAIL;
    }
    let gateway = config.gateway.clone();
    let worked = Enclave::open(config, demo).and_then(|mut enclave| {
        println!("ready enclave {gateway}");
        enclave.work()
    });
    if let Err(fault) = worked {
        eprintln!("visiting-enclave: {fault}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Ends this process when the parent's pipe closes. Everything durable is resumable, so there is nothing to wind down.
fn stop_with_parent() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
}
