//! The journal in PostgreSQL, where several gateways write one record.

use std::{future::Future, sync::mpsc, time::Duration};

use sqlx::{
    PgConnection, PgPool, Row,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{Journal, JournalError, StoreFault, Trouble, number};

/// Connections of one gateway: its writer's, and those of auditors who read at the same time.
const CONNECTIONS_MAX: u32 = 8;

/// Longest wait for a connection, and for one statement: a server that needs longer is one that does not answer. People are told so
/// while they still wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// SQLSTATE of a key that is there already: two appended at one head, and this one came second.
const UNIQUE_VIOLATION: &str = "23505";

/// Made once; whoever comes at the same moment waits at the lock, as `IF NOT EXISTS` alone is a race. The triggers make an accident
/// with another tool fail; they do not stop an attacker, the Merkle tree does.
const SCHEMA: &str = "
    BEGIN;
    SELECT pg_advisory_xact_lock(hashtext('visiting_journal'));
    CREATE TABLE IF NOT EXISTS visiting_journal (seq bigint PRIMARY KEY, leaf bytea NOT NULL);
    CREATE OR REPLACE FUNCTION visiting_journal_stays() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the record is append-only'; END $$;
    CREATE OR REPLACE TRIGGER visiting_journal_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON visiting_journal
        FOR EACH STATEMENT EXECUTE FUNCTION visiting_journal_stays();
    COMMIT;
";

/// One statement, one commit, one flush. Where two begin from one head, both insert the same key and the server lets one of them in.
/// One that would answer before its disk has it takes nothing: after a fail-over it is another server than the one that was opened,
/// and all of these settings but the last can be changed while it runs.
const APPEND: &str = "
    INSERT INTO visiting_journal (seq, leaf)
    SELECT $1 + place - 1, leaf FROM unnest($2::bytea[]) WITH ORDINALITY AS batch (leaf, place)
    WHERE $1 = (SELECT COALESCE(MAX(seq) + 1, 0) FROM visiting_journal)
    AND current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AND current_setting('synchronous_commit') = 'on'
";

/// The journal in one PostgreSQL database. Its tasks run on threads of their own, so it may be called from anywhere.
#[derive(Debug)]
pub struct PostgresJournal {
    pool: PgPool,
    patience: Duration,
    /// `None` only while it is dropped.
    runtime: Option<tokio::runtime::Runtime>,
}

impl PostgresJournal {
    /// Connects, makes the table where it is missing, and refuses a server that does not keep what it acknowledges.
    ///
    /// # Errors
    /// [`JournalError::Store`].
    pub fn open(url: &str) -> Result<Self, JournalError> {
        Self::within(url, PATIENCE)
    }

    fn within(url: &str, patience: Duration) -> Result<Self, JournalError> {
        let unusable = |e: &dyn std::fmt::Display| StoreFault::new(Trouble::Setup, e);
        let options: PgConnectOptions = url.parse().map_err(|e: sqlx::Error| unusable(&e))?;
        let options = options.application_name("visiting-gateway").options([
            ("synchronous_commit", "on"),
            ("statement_timeout", &patience.as_millis().to_string()),
            ("default_transaction_isolation", "read committed"),
        ]);
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).thread_name("postgres").enable_all().build().map_err(|e| unusable(&e))?;
        // A pool starts its own tasks, so it is made where they run.
        let guard = runtime.enter();
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS_MAX).acquire_timeout(patience).connect_lazy_with(options);
        drop(guard);
        let this = Self { pool, patience, runtime: Some(runtime) };
        this.run(|pool| async move {
            sqlx::raw_sql(SCHEMA).execute(&pool).await?;
            let mut connection = pool.acquire().await?;
            keeps_its_word(&mut connection).await
        })?;
        Ok(this)
    }

    /// Runs `work` on the journal's own threads and waits for it.
    fn run<T, F>(&self, work: impl FnOnce(PgPool) -> F) -> Result<T, JournalError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, JournalError>> + Send + 'static,
    {
        let (done, answer) = mpsc::sync_channel(1);
        let work = work(self.pool.clone());
        let gone = || StoreFault::new(Trouble::Other, "the journal is being closed");
        let runtime = self.runtime.as_ref().ok_or_else(gone)?;
        let limit = 2 * self.patience;
        runtime.spawn(async move {
            // The server's own limit says nothing of a line that is dead. Whether it was written is open then, as after any fault.
            let late = |_| Err(StoreFault::new(Trouble::Unreachable, "it did not answer in time").into());
            let _ = done.send(tokio::time::timeout(limit, work).await.unwrap_or_else(late));
        });
        answer.recv().map_err(|_| gone())?
    }
}

impl Drop for PostgresJournal {
    fn drop(&mut self) {
        // A runtime that is dropped inside another one would wait where nobody may wait.
        self.runtime.take().into_iter().for_each(tokio::runtime::Runtime::shutdown_background);
    }
}

/// A server with these turned off answers before its disk has it.
async fn keeps_its_word(connection: &mut PgConnection) -> Result<(), JournalError> {
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        let value: String = sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(&mut *connection).await?;
        if value != "on" {
            let fault = format!("the server runs with {setting} = {value}; set it to `on` and restart it");
            return Err(StoreFault::new(Trouble::Setup, fault).into());
        }
    }
    Ok(())
}

async fn head(connection: &mut PgConnection) -> Result<u64, JournalError> {
    let head: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(seq) + 1, 0) FROM visiting_journal").fetch_one(connection).await?;
    Ok(head.unsigned_abs())
}

impl Journal for PostgresJournal {
    fn append_if(&self, expected: u64, batch: &[Vec<u8>]) -> Result<u64, JournalError> {
        let batch = batch.to_vec();
        self.run(move |pool| async move {
            let count = batch.len() as u64;
            let mut connection = pool.acquire().await?;
            let inserted = sqlx::query(APPEND).bind(number(expected)).bind(batch).execute(&mut *connection).await;
            let written = match inserted {
                Ok(done) => done.rows_affected(),
                Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNIQUE_VIOLATION) => 0,
                Err(error) => return Err(error.into()),
            };
            if written > 0 {
                return Ok(expected + written);
            }
            keeps_its_word(&mut connection).await?;
            let found = head(&mut connection).await?;
            if count == 0 && found == expected { Ok(found) } else { Err(JournalError::HeadMoved { expected, found }) }
        })
    }

    fn read(&self, from: u64, limit: u64) -> Result<Vec<Vec<u8>>, JournalError> {
        self.run(move |pool| async move {
            let select = "SELECT leaf FROM visiting_journal WHERE seq >= $1 ORDER BY seq LIMIT $2";
            let rows = sqlx::query(select).bind(number(from)).bind(number(limit)).fetch_all(&pool).await?;
            Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
        })
    }

    fn probe(&self) -> Result<(), JournalError> {
        self.run(|pool| async move {
            let mut trial = pool.begin().await?;
            keeps_its_word(&mut trial).await?;
            // No event has this number. A small row: a disk with a little room left is found full by the next event.
            sqlx::query("INSERT INTO visiting_journal (seq, leaf) VALUES (-1, '')").execute(&mut *trial).await?;
            Ok(trial.rollback().await?)
        })
    }

    fn is_shared(&self) -> bool {
        true
    }
}

impl From<sqlx::Error> for JournalError {
    fn from(error: sqlx::Error) -> Self {
        let of_code = |code: &str| match code {
            "53100" => Trouble::Full,
            "25006" => Trouble::ReadOnly,
            "58030" => Trouble::Device,
            // Shutting down, starting up, too many connections.
            "57P01" | "57P02" | "57P03" | "53300" => Trouble::Unreachable,
            _ => Trouble::Other,
        };
        let trouble = match &error {
            sqlx::Error::Database(database) => database.code().map_or(Trouble::Other, |code| of_code(&code)),
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Trouble::Unreachable,
            _ => Trouble::Other,
        };
        Self::Store(StoreFault::new(trouble, error))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{SocketAddr, TcpListener},
        sync::atomic::{AtomicU32, Ordering},
        thread,
    };

    use visiting_servers::Postgres;

    use super::*;
    use crate::journal::suite;

    /// Journals of one server have a database each.
    fn database(server: &Postgres, name: &str) -> String {
        let url = server.url();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let pool = PgPool::connect(&url).await.unwrap();
            sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&pool).await.unwrap();
        });
        url.strip_suffix("postgres").unwrap().to_owned() + name
    }

    #[test]
    fn it_is_a_journal() {
        let server = Postgres::start(&[]).unwrap();
        let (number, mut url) = (AtomicU32::new(0), String::new());
        suite::is_a_journal(|again| {
            if !again {
                url = database(&server, &format!("journal{}", number.fetch_add(1, Ordering::SeqCst)));
            }
            Box::new(PostgresJournal::open(&url).unwrap())
        });
    }

    #[test]
    fn two_gateways_may_open_it_at_once_and_nobody_changes_it() {
        let server = Postgres::start(&[]).unwrap();
        let url = server.url();
        let opened: Vec<_> = (0..8)
            .map(|_| {
                std::thread::spawn({
                    let url = url.clone();
                    move || PostgresJournal::open(&url).unwrap()
                })
            })
            .collect();
        let journals: Vec<_> = opened.into_iter().map(|thread| thread.join().unwrap()).collect();
        journals[0].append_if(0, &suite::leaves(0..2)).unwrap();
        for change in ["UPDATE visiting_journal SET leaf = ''", "DELETE FROM visiting_journal", "TRUNCATE visiting_journal"] {
            let refused = journals[0].run(move |pool| async move { Ok(sqlx::raw_sql(change).execute(&pool).await?) });
            assert!(refused.unwrap_err().to_string().contains("append-only"));
        }
        assert_eq!(journals[7].read(0, 10).unwrap(), suite::leaves(0..2));
    }

    /// A server that was cut off loses nothing of what it acknowledged, and what is asked meanwhile is refused in words.
    #[test]
    fn what_was_acknowledged_survives_a_server_that_is_killed() {
        let mut server = Postgres::start(&[]).unwrap();
        let journal = PostgresJournal::open(&server.url()).unwrap();
        journal.append_if(0, &suite::leaves(0..700)).unwrap();
        server.kill();
        let refused = journal.append_if(700, &suite::leaves(700..701)).unwrap_err();
        assert!(matches!(&refused, JournalError::Store(fault) if fault.trouble == Trouble::Unreachable), "{refused}");
        server.run().unwrap();
        assert_eq!(journal.read(0, 1000).unwrap(), suite::leaves(0..700));
        assert_eq!(journal.append_if(700, &suite::leaves(700..701)).unwrap(), 701);
    }

    /// A server that says this to whoever connects, and then nothing any more. Its thread ends with the test program.
    fn silent(says: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let mut taken = Vec::new();
            for mut client in listener.incoming().map_while(Result::ok) {
                let heard = client.read(&mut [0; 1024]).is_ok_and(|bytes| bytes > 0);
                if heard && client.write_all(says).is_ok() {
                    // Closed would be an answer.
                    taken.push(client);
                }
            }
        });
        address
    }

    /// Neither the pool's limit nor the server's own holds for a line that goes dead in the middle of a question.
    #[test]
    fn a_server_that_falls_silent_is_not_waited_for() {
        // "You are who you say you are", and "ask": https://www.postgresql.org/docs/current/protocol-message-formats.html
        let (nothing, welcome): (&[u8], &[u8]) = (b"", b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I");
        for says in [nothing, welcome] {
            let url = format!("postgres://postgres@{}/postgres?sslmode=disable", silent(says));
            let (tell, told) = mpsc::channel();
            thread::spawn(move || tell.send(PostgresJournal::within(&url, Duration::from_millis(500)).map(|_| ())));
            let opened = told.recv_timeout(Duration::from_secs(30)).expect("an answer comes in time");
            let fault = opened.unwrap_err();
            assert!(matches!(&fault, JournalError::Store(fault) if fault.trouble == Trouble::Unreachable), "{fault}");
        }
    }

    /// What a fail-over leads to need not be set up as what was opened.
    #[test]
    fn a_server_that_no_longer_keeps_its_word_takes_nothing() {
        let mut server = Postgres::start(&[]).unwrap();
        let journal = PostgresJournal::open(&server.url()).unwrap();
        journal.append_if(0, &suite::leaves(0..2)).unwrap();
        for setting in ["fsync=off", "full_page_writes=off"] {
            server.kill();
            server.set(&[setting]);
            server.run().unwrap();
            for batch in [suite::leaves(2..3), Vec::new()] {
                let refused = journal.append_if(2, &batch).unwrap_err();
                assert!(refused.to_string().contains("set it to `on`"), "{refused}");
            }
            assert!(journal.probe().unwrap_err().to_string().contains("set it to `on`"));
            assert_eq!(journal.read(0, 10).unwrap(), suite::leaves(0..2));
        }
        server.kill();
        server.set(&[]);
        server.run().unwrap();
        assert_eq!(journal.append_if(2, &suite::leaves(2..3)).unwrap(), 3);
    }

    #[test]
    fn a_probe_finds_a_server_that_can_only_be_read() {
        let mut server = Postgres::start(&[]).unwrap();
        let journal = PostgresJournal::open(&server.url()).unwrap();
        journal.append_if(0, &suite::leaves(0..2)).unwrap();
        server.kill();
        server.set(&["default_transaction_read_only=on"]);
        server.run().unwrap();
        let refused = journal.probe().unwrap_err();
        assert!(matches!(&refused, JournalError::Store(fault) if fault.trouble == Trouble::ReadOnly), "{refused}");
        assert_eq!(journal.read(0, 10).unwrap(), suite::leaves(0..2));
    }

    #[test]
    fn a_server_that_does_not_keep_its_word_is_refused() {
        for setting in ["fsync=off", "full_page_writes=off"] {
            let server = Postgres::start(&[setting]).unwrap();
            let refused = PostgresJournal::open(&server.url()).unwrap_err();
            assert!(refused.to_string().contains("set it to `on`"), "{refused}");
        }
        // What can be set by the session is.
        let server = Postgres::start(&["synchronous_commit=off"]).unwrap();
        PostgresJournal::open(&server.url()).unwrap();
    }
}
