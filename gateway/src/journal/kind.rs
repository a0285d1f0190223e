//! Which kind of journal a data folder's record is in. Its documents, snapshots and published log belong to that one record, so a
//! journal of the other kind is refused before anything is read of it or written to it.

use std::{
    fs,
    io::{self, ErrorKind},
};

use visiting_policies::refusal::{Code, Refusal};

use super::{Journal, SqliteJournal};
use crate::{desk::unavailable, files, home::Home, view::stopped};

/// File that says it, in the gateway's folder.
const NAME: &str = "journal.kind";

/// The file that is a journal, in the same folder.
pub(crate) const FILE: &str = "journal.sqlite";

/// Where a record is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In a file of the data folder.
    File,
    /// In a database, whatever its address is today.
    Database,
}

impl Kind {
    const ALL: [Self; 2] = [Self::File, Self::Database];

    fn word(self) -> &'static str {
        match self {
            Self::File => "sqlite",
            Self::Database => "postgres",
        }
    }

    /// Refuses a data folder whose record is in a journal of the other kind.
    ///
    /// # Errors
    /// [`Code::WrongState`] with what to do, or what the folder says.
    pub(crate) fn check(self, home: &Home) -> Result<(), Refusal> {
        let refused = |detail: &str| Err(Refusal::new(Code::WrongState, detail));
        match (self, begun(home)?) {
            (Self::Database, Some(Self::File)) => refused(
                "the record of this data folder is in gateway/journal.sqlite and not in a database; leave VISITING_JOURNAL out, or use another data folder",
            ),
            (Self::File, Some(Self::Database)) => refused(
                "the record of this data folder is in a PostgreSQL database and not in a file; name the database in VISITING_JOURNAL, or use another data folder",
            ),
            _ => Ok(()),
        }
    }

    /// Remembers it, once the journal was read and before the record's first event is written.
    ///
    /// # Errors
    /// [`Code::RecordUnavailable`] when the folder cannot be written.
    pub(crate) fn keep(self, home: &Home) -> Result<(), Refusal> {
        let is_kept = || written(home).is_ok_and(|kept| kept == Some(self));
        if is_kept() {
            return Ok(());
        }
        let written = files::replace(&home.gateway(NAME), format!("{}\n", self.word()).as_bytes());
        // Another gateway on the same database may be writing the same.
        written.or_else(|error| if is_kept() { Ok(()) } else { Err(error) }).map_err(|error| unavailable(&error))
    }
}

/// What was written down; a folder that was begun before anything was is known by its events.
fn begun(home: &Home) -> Result<Option<Kind>, Refusal> {
    if let Some(kind) = written(home).map_err(|error| unavailable(&error))? {
        return Ok(Some(kind));
    }
    let file = home.gateway(FILE);
    if !file.exists() {
        return Ok(None);
    }
    let first = SqliteJournal::open(&file).and_then(|journal| journal.read(0, 1)).map_err(|error| stopped(&error))?;
    Ok((!first.is_empty()).then_some(Kind::File))
}

fn written(home: &Home) -> io::Result<Option<Kind>> {
    let text = match fs::read_to_string(home.gateway(NAME)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == text.trim());
    kind.map(Some).ok_or_else(|| io::Error::other("gateway/journal.kind names no kind of journal"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        journal::suite,
        serve::{self, ServeError},
        setup::{self, tests::Scratch},
    };

    fn home(scratch: &Scratch) -> Home {
        let home = Home::at(scratch.path("home"));
        setup::prepare(&home).unwrap();
        home
    }

    fn code(checked: Result<(), Refusal>) -> Result<(), Code> {
        checked.map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_data_folder_stays_with_the_kind_of_journal_that_it_was_begun_with() {
        for (kind, other) in [(Kind::File, Kind::Database), (Kind::Database, Kind::File)] {
            let scratch = Scratch::new("kind-stays");
            let home = home(&scratch);
            assert_eq!((code(kind.check(&home)), code(other.check(&home))), (Ok(()), Ok(())), "nothing was begun");
            kind.keep(&home).unwrap();
            kind.keep(&home).unwrap();
            assert_eq!((code(kind.check(&home)), code(other.check(&home))), (Ok(()), Err(Code::WrongState)));
        }
    }

    #[test]
    fn a_folder_from_before_is_known_by_its_events() {
        let scratch = Scratch::new("kind-before");
        let home = home(&scratch);
        let journal = SqliteJournal::open(&home.gateway(FILE)).unwrap();
        assert_eq!(code(Kind::Database.check(&home)), Ok(()), "a file without events is nobody's record");
        journal.append_if(0, &suite::leaves(0..1)).unwrap();
        assert_eq!(code(Kind::Database.check(&home)), Err(Code::WrongState));
        assert_eq!(code(Kind::File.check(&home)), Ok(()));
    }

    #[test]
    fn what_names_no_kind_is_not_guessed_at() {
        let scratch = Scratch::new("kind-unknown");
        let home = home(&scratch);
        fs::write(home.gateway(NAME), "paper\n").unwrap();
        assert_eq!(code(Kind::File.check(&home)), Err(Code::RecordUnavailable));
        assert_eq!(code(Kind::Database.check(&home)), Err(Code::RecordUnavailable));
    }

    fn config(home: &Home, journal: Option<&str>) -> Config {
        let any = "127.0.0.1:0".parse().unwrap();
        Config { home: home.clone(), public: any, internal: any, journal: journal.map(str::to_owned), demo: true }
    }

    /// A start can be cut off at any moment.
    #[tokio::test]
    async fn nothing_is_recorded_before_it_is_written_down_where() {
        let scratch = Scratch::new("kind-first");
        let home = home(&scratch);
        // What is written beside the file cannot be, so the start ends there.
        fs::create_dir(home.gateway(".journal.kind.tmp")).unwrap();
        let refused = serve::open(&config(&home, None)).await.unwrap_err();
        assert!(matches!(&refused, ServeError::Refused(refusal) if refusal.code == Code::RecordUnavailable), "{refused}");
        let journal = SqliteJournal::open(&home.gateway(FILE)).unwrap();
        assert!(journal.read(0, 1).unwrap().is_empty(), "an event, and nothing that says which journal it is in");
    }

    #[tokio::test]
    async fn a_gateway_does_not_start_on_the_other_kind() {
        let scratch = Scratch::new("kind-start");
        let home = home(&scratch);
        let config = |journal: Option<&str>| config(&home, journal);
        drop(serve::open(&config(None)).await.unwrap());
        let refused = serve::open(&config(Some("postgres://127.0.0.1:9/none"))).await.unwrap_err();
        assert!(matches!(&refused, ServeError::Refused(refusal) if refusal.code == Code::WrongState), "{refused}");
        fs::remove_file(home.gateway(FILE)).unwrap();
        fs::write(home.gateway(NAME), "postgres\n").unwrap();
        let refused = serve::open(&config(None)).await.unwrap_err();
        assert!(matches!(&refused, ServeError::Refused(refusal) if refusal.code == Code::WrongState), "{refused}");
        assert!(!home.gateway(FILE).exists(), "nothing was begun");
    }
}
