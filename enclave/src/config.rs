//! Where the enclave's things are, and every limit of it with unit and reason.

use std::path::{Path, PathBuf};

use visiting_worker::Layers;

// What is counted over a permit stands in the law: the gateway shows what remains of it.
pub use visiting_policies::disclosure::limits::{OPAQUE_MAX, UNSHOWN_MAX};

/// Bytes of memory that one query or extract may use before it spills.
pub const MEMORY_MAX_BYTES: usize = 4 << 30;
/// Partitions that the engine works in: the machine's cores are few, and each holds evidence of its own.
pub const PARTITIONS: usize = 2;
/// Rows of one extract file. One file is one row group, and a person never crosses one.
pub const FILE_ROWS: usize = 250_000;
/// Cells that a query could have by its plan: beyond, memory would be the limit.
pub const CELLS_MAX: usize = 2_000_000;
/// Values of the tables that guests make for one run, by the magnitude of the people: they stand in memory, up to twenty bytes each, beside what
/// the engine may use.
pub const MADE_VALUES_MAX: u64 = 200_000_000;
/// Values of one output that the machine releases by itself: beyond, people look (A14).
pub const VALUES_OUT_MAX: usize = 100_000;
/// Rows of a released table that a query is reckoned to have when another one reads it: what one output may show (A14).
pub const CELLS_OUT_MAX: usize = 100_000;
/// Times that one run is begun: more than crashes of a machine explain, few enough that a run which kills the process stops doing so.
pub const ATTEMPTS_MAX: u64 = 8;
/// Numbers that one run hides so that others may be shown; a table that needs more is refused, as each is another judging.
pub const HIDDEN_MAX: usize = 64;
/// Tables with sums of which the rows may make up one total that is not provably their whole. Total and m rows are known to half a grid
/// step each, (m+1)/2 of the largest deviation or more; what s such tables together leave open is about 4/(s+1) of that, and with five it
/// is still as wide as the largest deviation, as in one cell alone (A3).
pub const SPLITS_MAX: usize = 5;
/// Keys of a table of which all coarser groups are looked at for being displayed whole: seven of them with three keys, and longer cross
/// tables are rarely whole.
pub const WHOLES_KEYS_MAX: usize = 3;
/// Combinations of declared values over which a guest's labels are listed before a run: two columns like month of birth and care
/// level, and a second or two at the guest's highest cost.
pub const REACH_MAX: usize = 25_000;
/// Different calls of guests in one query: each costs up to its fuel on every row, and a table with more such keys is not read.
pub const CALLS_MAX: usize = 6;
/// Bytes of an output column's title: a word or three, no message.
pub const TITLE_MAX_BYTES: usize = 32;
/// Milliseconds that a long poll for tickets waits at the gateway.
pub const POLL_MS: u64 = 20_000;
/// First rung of the ladder on which verdicts are delivered, milliseconds; each further one is twice as far (A10).
pub const LADDER_FIRST_MS: u64 = 250;
/// The rung from which on who waits is told that combinations are being audited, milliseconds: before that nobody has begun to wonder.
pub const AUDIT_TOLD_MS: u64 = 2_000;

/// Seconds that the witnesses' newest time may differ from this machine's: what happened since, a revocation among it, is not known
/// here (A8). The gateway has them asked every 20 s.
pub const FRESH_MAX_S: u64 = 60;

/// Names the file of the official populations by municipality: `code,population` lines under that title. Without it, the invented table.
pub const MUNICIPALITIES_ENV: &str = "VISITING_MUNICIPALITIES";

/// Folders and the door of one enclave.
#[derive(Debug, Clone)]
pub struct Config {
    /// `$VISITING_HOME/enclave`.
    pub home: PathBuf,
    /// The linkage unit's socket.
    pub linkage: PathBuf,
    /// Base URL of the gateway's internal listener.
    pub gateway: String,
    /// The jail of guests: all layers, unless the operator has said otherwise, loudly.
    pub jail: Layers,
}

impl Config {
    /// From `VISITING_HOME` and `VISITING_INTERNAL_ADDR`.
    #[must_use]
    pub fn from_env() -> Self {
        let root = std::env::var_os("VISITING_HOME").map_or_else(default_home, PathBuf::from);
        let address = std::env::var("VISITING_INTERNAL_ADDR").unwrap_or_else(|_| "127.0.0.1:8751".to_owned());
        Self {
            home: root.join("enclave"),
            linkage: root.join("linkage/linkage.sock"),
            gateway: format!("http://{address}"),
            jail: Layers::ALL,
        }
    }

    /// The vault.
    #[must_use]
    pub fn vault(&self) -> PathBuf {
        self.home.join("vault")
    }

    /// Extracts of all permits.
    #[must_use]
    pub fn extracts(&self) -> PathBuf {
        self.home.join("extracts")
    }

    /// Wrapped keys of extracts; deleting one makes its extract unreadable for ever.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.home.join("keys")
    }
}

fn default_home() -> PathBuf {
    let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|h| Path::new(&h).join(".local/share"));
    base.or_else(home).unwrap_or_default().join("visiting")
}
