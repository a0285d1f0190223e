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
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};
use visiting_catalog::Listing;
use visiting_policies::{
    Refusal,
    record::{Act, Actor},
    refusal::Code,
    roster::Roster,
};
use visiting_tlog::{
    folder::Folder,
    policy::{Policy, PolicyFault},
    store::Published,
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
    journal::{
        Journal, PostgresJournal, SqliteJournal,
        kind::{self, Kind},
    },
    people::People,
    publish::{
        Publication,
        s3::{S3Log, S3Settings, S3SettingsError},
    },
    rotation, routes, setup,
    snapshot::Shelf,
    stream::{
        limits::{STALL_MAX, Streams},
        patience::Patience,
    },
};

/// How long requests under way may take after the signal to stop; long polls are cut, nothing acknowledged is lost.
const GRACE: Duration = Duration::from_millis(500);

/// How long the last publication may take after that: two of its gaps and a slow disk.
pub(crate) const SETTLE: Duration = Duration::from_secs(3);

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
    /// Where else the log is published.
    #[error(transparent)]
    S3(#[from] S3SettingsError),
    /// The bucket.
    #[error("the log cannot be published: {0}")]
    Bucket(std::io::Error),
    /// The witnesses.
    #[error("gateway/policy: {0}")]
    Policy(PolicyFault),
    /// Nobody outside stands by the log.
    #[error(
        "gateway/policy asks for no witness, which is for demos only: `visiting setup --witness VKEY=URL` names some, or start with --demo"
    )]
    Unwitnessed,
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
    let signals = Signals::heard();
    announce(address);
    tokio::select! {
        ended = servers => ended.map(|_| ())?,
        () = signals.told_to_stop(&stop) => {}
    }
    app.desk.settle(SETTLE).await;
    Ok(())
}

/// One gateway per data folder, unless the journal is where several may write it: those hold the lock together, so that none with a
/// file runs beside them. It ends with the process, however that ends.
fn lock(config: &Config) -> Result<File, ServeError> {
    let file = File::create(config.home.gateway(".lock")).map_err(setup::SetupError::from)?;
    let locked = match kind_of(config) {
        Kind::File => file.try_lock(),
        Kind::Database => file.try_lock_shared(),
    };
    match locked {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServeError::Taken),
        Err(TryLockError::Error(error)) => Err(setup::SetupError::from(error).into()),
    }
}

/// The journal: in the data folder, or the database that several gateways share. A folder stays with what it was begun with.
fn journal(config: &Config) -> Result<Arc<dyn Journal>, ServeError> {
    kind_of(config).check(&config.home)?;
    match &config.journal {
        Some(url) => Ok(Arc::new(PostgresJournal::open(url)?)),
        None => Ok(Arc::new(SqliteJournal::open(&config.home.gateway(kind::FILE))?)),
    }
}

fn kind_of(config: &Config) -> Kind {
    if config.journal.is_some() { Kind::Database } else { Kind::File }
}

/// Where the log goes, and who must stand by it. `quorum none` is a demo's.
fn publication(config: &Config) -> Result<Publication, ServeError> {
    let file = std::fs::read(config.home.gateway("policy")).map_err(setup::SetupError::from)?;
    let policy = Policy::parse(&file).map_err(ServeError::Policy)?;
    if policy.asks_for_no_witness() && !config.demo {
        return Err(ServeError::Unwitnessed);
    }
    Ok(Publication { folder: config.home.log(), places: on_s3()?, policy })
}

/// The bucket, where one is named. It is asked on a thread of its own, as it blocks.
fn on_s3() -> Result<Vec<(String, Arc<dyn Published + Send>)>, ServeError> {
    let Some(settings) = S3Settings::from_env()? else { return Ok(Vec::new()) };
    let name = format!("s3://{}/{}", settings.bucket, settings.prefix);
    let opened = std::thread::spawn(move || S3Log::open(&settings)).join();
    let log = opened.map_err(|_| ServeError::Bucket(std::io::Error::other("it could not be asked")))?.map_err(ServeError::Bucket)?;
    Ok(vec![(name, Arc::new(log))])
}

/// One gateway, recovered from its journal.
pub(crate) async fn open(config: &Config) -> Result<App, ServeError> {
    let home = &config.home;
    let roster = setup::read_roster(&home.gateway("roster.json"))?;
    let (catalog, masters) = (visiting_catalog::load()?, visiting_catalog::masters()?);
    let (journal, publication) = (journal(config)?, publication(config)?);
    let opened = async |key| {
        let (journal, publication) = (Arc::clone(&journal), publication.clone());
        let desk = Desk::open(journal, roster.clone(), key, publication, &Shelf::at(&home.gateway("")), system_clock())?;
        // Before the first event: a start that is cut off after it would leave a record that the folder does not know of.
        kind_of(config).keep(home)?;
        open_record(&desk, &roster, config.demo).await?;
        Ok(desk)
    };
    rotation::finish(home, &opened).await?;
    let desk = opened(files::read_key(&home.gateway(rotation::SEED))?).await?;
    publish_listings(&desk, &catalog).await?;
    let token = std::fs::read_to_string(home.gateway("enclave.token")).map_err(setup::SetupError::from)?;
    Ok(App {
        desk,
        documents: Documents::open(&home.gateway("documents"))?,
        people: People::at(home.gateway("people.json")),
        drafts: Drafts::open(&home.gateway("drafts.sqlite"))?,
        logins: Logins::new(&roster.origin, &files::read_seed(&home.gateway("login.seed"))?),
        log: Folder::new(&home.log()),
        catalog,
        masters,
        streams: Streams::default(),
        auditor: Auditor::new(home.gateway("auditor.sqlite")),
        checks: tokio::sync::Mutex::default(),
        audits: Audits::default(),
        log_key: files::read_key(&home.gateway(rotation::SEED))?,
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
        // Two gateways may open a shared record at once: the law lets one of them in, and the other finds it opened.
        let opened = desk.act(Actor::Gateway, None, act).await;
        return if desk.view().cases.size() > 0 { Ok(()) } else { opened.map(|_| ()) };
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

/// The signals that ask for an end. They are heard from before anybody is told that this gateway is ready.
struct Signals {
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
}

impl Signals {
    fn heard() -> Self {
        Self { terminate: signal(SignalKind::terminate()).ok(), interrupt: signal(SignalKind::interrupt()).ok() }
    }

    /// Resolves a moment after a signal: new connections are refused at once, answers under way get [`GRACE`].
    async fn told_to_stop(self, stop: &watch::Sender<bool>) {
        tokio::select! {
            () = one(self.terminate) => {}
            () = one(self.interrupt) => {}
        }
        stop.send_replace(true);
        tokio::time::sleep(GRACE).await;
    }
}

async fn one(signal: Option<Signal>) {
    match signal {
        Some(mut signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// The launcher waits for this line.
fn announce(address: SocketAddr) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "ready gateway {address}");
    let _ = out.flush();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{home::Home, setup::tests::Scratch};

    #[test]
    fn a_gateway_with_a_file_runs_beside_no_other_and_those_with_a_database_beside_each_other() {
        let scratch = Scratch::new("serve-lock");
        let (home, any) = (Home::at(scratch.path("home")), "127.0.0.1:0".parse().unwrap());
        setup::prepare(&home).unwrap();
        let taken = |journal: Option<&str>| {
            let journal = journal.map(str::to_owned);
            lock(&Config { home: home.clone(), public: any, internal: any, journal, demo: true })
        };
        let (file, database) = (None, Some("postgres://127.0.0.1:9/none"));
        let sole = taken(file).unwrap();
        assert!(matches!(taken(file), Err(ServeError::Taken)) && matches!(taken(database), Err(ServeError::Taken)));
        drop(sole);
        let together = [taken(database).unwrap(), taken(database).unwrap()];
        assert!(matches!(taken(file), Err(ServeError::Taken)));
        drop(together);
        taken(file).unwrap();
    }
}
