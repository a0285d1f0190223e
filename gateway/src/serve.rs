//! Starting and stopping the gateway.

use std::{
    fs::{File, TryLockError},
    io::Write,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use visiting_catalog::Listing;
use visiting_policies::{
    Refusal,
    record::{Act, Actor},
    refusal::Code,
    roster::Roster,
};

use crate::{
    app::App,
    auditor::Auditor,
    audits::Audits,
    auth::Logins,
    config::Config,
    desk::{Desk, system_clock},
    documents::Documents,
    drafts::Drafts,
    files,
    journal::SqliteJournal,
    people::People,
    routes, setup,
    stream::{
        limits::{STALL_MAX, Streams},
        patience::Patience,
    },
};

/// How long requests under way may take after the signal to stop; long polls are cut, nothing acknowledged is lost.
const GRACE: Duration = Duration::from_millis(500);

/// Why the gateway does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The record, a key or a document.
    #[error("{}", .0.detail)]
    Refused(#[from] Refusal),
    /// The home is not made yet.
    #[error("{0} (`visiting setup` makes a data folder)")]
    Home(#[from] setup::SetupError),
    /// The catalogue.
    #[error("the catalogue cannot be read: {0}")]
    Catalog(#[from] visiting_catalog::CatalogError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] crate::journal::JournalError),
    /// Another gateway has the data folder.
    #[error("another gateway is running on this data folder; stop it first")]
    Taken,
    /// The network.
    #[error("cannot serve at {0}: {1}")]
    Network(SocketAddr, std::io::Error),
}

/// Opens everything, serves until SIGTERM or SIGINT.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(config: Config) -> Result<(), ServeError> {
    let (public, internal) = (listen(config.public).await?, listen(config.internal).await?);
    let _sole = lock(&config)?;
    let app = Arc::new(open(&config).await?);
    let address = public.local_addr().unwrap_or(config.public);
    let (stop, stopped) = watch::channel(false);
    let servers = async {
        tokio::try_join!(
            run(public, config.public, routes::public(Arc::clone(&app)), stopped.clone()),
            run(internal, config.internal, routes::internal(Arc::clone(&app)), stopped.clone())
        )
    };
    announce(address);
    tokio::select! {
        ended = servers => ended.map(|_| ()),
        () = told_to_stop(&stop) => Ok(()),
    }
}

/// One gateway per data folder: recovery repairs the published log, which must not happen under a running gateway. The lock ends
/// with the process, however it ends.
fn lock(config: &Config) -> Result<File, ServeError> {
    let file = File::create(config.home.gateway(".lock")).map_err(setup::SetupError::from)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServeError::Taken),
        Err(TryLockError::Error(error)) => Err(setup::SetupError::from(error).into()),
    }
}

/// One gateway, recovered from its journal.
pub(crate) async fn open(config: &Config) -> Result<App, ServeError> {
    let home = &config.home;
    let roster = setup::read_roster(&home.gateway("roster.json"))?;
    let (catalog, masters) = (visiting_catalog::load()?, visiting_catalog::masters()?);
    let journal = Arc::new(SqliteJournal::open(&home.gateway("journal.sqlite"))?);
    let key = files::read_key(&home.gateway("log.seed"))?;
    let desk = Desk::open(journal, roster.clone(), key, &home.log(), system_clock())?;
    open_record(&desk, &roster, config.demo).await?;
    publish_listings(&desk, &catalog).await?;
    let token = std::fs::read_to_string(home.gateway("enclave.token")).map_err(setup::SetupError::from)?;
    Ok(App {
        desk,
        documents: Documents::open(&home.gateway("documents"))?,
        people: People::at(home.gateway("people.json")),
        drafts: Drafts::open(&home.gateway("drafts.sqlite"))?,
        logins: Logins::new(&roster.origin, &files::read_seed(&home.gateway("login.seed"))?),
        catalog,
        masters,
        streams: Streams::default(),
        auditor: Auditor::new(home.gateway("auditor.sqlite")),
        checks: tokio::sync::Mutex::default(),
        audits: Audits::default(),
        log_key: files::read_key(&home.gateway("log.seed"))?,
        enclave_token: token.trim().to_owned(),
        demo: config.demo,
    })
}

/// The first event says which log this is; a record opened in demo mode stays one.
async fn open_record(desk: &Desk, roster: &Roster, demo: bool) -> Result<(), Refusal> {
    let (size, opened_as) = {
        let view = desk.view();
        (view.cases.size(), view.cases.demo)
    };
    if size == 0 {
        let act = Act::RecordOpened { origin: roster.origin.clone(), roster: roster.digest(), demo };
        return desk.act(Actor::Gateway, None, act).await.map(|_| ());
    }
    match (opened_as, demo) {
        (true, false) => {
            Err(Refusal::new(Code::WrongState, "this record was opened in demo mode; start with --demo or use another data folder"))
        }
        (false, true) => Err(Refusal::new(Code::WrongState, "this record is no demo; start without --demo or use another data folder")),
        _ => Ok(()),
    }
}

async fn publish_listings(desk: &Desk, catalog: &[Listing]) -> Result<(), Refusal> {
    for listing in catalog {
        let digest = listing.digest();
        let published = desk.view().cases.listings.get(&listing.id) == Some(&digest);
        if !published {
            let act = Act::ListingPublished { listing: listing.id.clone(), digest };
            desk.act(Actor::Gateway, None, act).await?;
        }
    }
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|e| ServeError::Network(address, e))
}

async fn run(listener: TcpListener, address: SocketAddr, router: Router, mut stopped: watch::Receiver<bool>) -> Result<(), ServeError> {
    let stop = async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let listener = Patience { listener, limit: STALL_MAX };
    axum::serve(listener, router).with_graceful_shutdown(stop).await.map_err(|e| ServeError::Network(address, e))
}

/// Resolves a moment after a signal: new connections are refused at once, answers under way get [`GRACE`].
async fn told_to_stop(stop: &watch::Sender<bool>) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.send_replace(true);
    tokio::time::sleep(GRACE).await;
}

/// The launcher waits for this line.
fn announce(address: SocketAddr) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "ready gateway {address}");
    let _ = out.flush();
}
