//! Listening, and ending: who is slow is cut off, who comes late waits, and what was begun at the signal to stop is finished.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::Path,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::{
    home::{Home, HomeFault},
    routes::{Limits, router},
};

/// How long requests under way may take after the signal to stop: a cosignature is a few waits for the disk.
const GRACE: Duration = Duration::from_secs(5);

/// Bytes of a request's head, and of what is read ahead of a connection: a hundred times what a log sends.
const HEAD_MAX_BYTES: usize = 16 * 1024;

/// Pause after a connection that could not be accepted: it is the process that has no more descriptors, and they come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why the witness does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeFault {
    /// Its folder.
    #[error(transparent)]
    Home(#[from] HomeFault),
    /// The network.
    #[error("cannot listen at {0}: {1}")]
    Network(SocketAddr, io::Error),
    /// The system.
    #[error("signals cannot be waited for: {0}")]
    Signals(io::Error),
}

/// Serves the witness in this folder until SIGTERM or SIGINT.
///
/// # Errors
/// [`ServeFault`].
pub async fn serve(home: &Path, address: SocketAddr) -> Result<(), ServeFault> {
    let desk = Home::open(home)?.desk()?;
    let listener = TcpListener::bind(address).await.map_err(|error| ServeFault::Network(address, error))?;
    let address = listener.local_addr().map_err(|error| ServeFault::Network(address, error))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeFault::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeFault::Signals)?;
    announce(address);
    let limits = Limits::default();
    let told = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    listen(listener, router(desk, limits), limits, told).await;
    Ok(())
}

/// Answers until `told` resolves; then nobody new is taken, and those under way get [`GRACE`].
pub async fn listen(listener: TcpListener, router: Router, limits: Limits, told: impl Future<Output = ()>) {
    let (graceful, places) = (GracefulShutdown::new(), Arc::new(Semaphore::new(limits.connections)));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(HEAD_MAX_BYTES);
    let mut told = pin!(told);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = &mut told => break,
        };
        let Ok((stream, _)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let served = graceful.watch(http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone())));
        tokio::spawn(async move {
            // How a connection ends is its other end's business.
            let _ = served.await;
            drop(place);
        });
    }
    drop(listener);
    let _ = timeout(GRACE, graceful.shutdown()).await;
}

/// Whoever starts a witness waits for this line.
fn announce(address: SocketAddr) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "ready witness {address}");
    let _ = out.flush();
}
