//! The words of the command line.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

/// Where a witness listens when nothing else is said: this machine only.
pub const ADDRESS: &str = "127.0.0.1:8760";

/// Shown when the command is not understood.
pub const USAGE: &str =
    "usage: visiting witness init     --home DIR --name NAME      makes a witness with a key of its own; prints its verifier key
       visiting witness trust    --home DIR --log VKEY       adds a log, or a further key of one; taken at the next start
       visiting witness distrust --home DIR --log VKEY       takes a key of a log away, once another has followed it; from the next start on
       visiting witness serve    --home DIR [--listen ADDR]  answers add-checkpoint and GET <origin hash>/checkpoint (C2SP tlog-witness)
       visiting witness key      --home DIR                  prints the verifier key
       visiting witness rotate   --home DIR                  another key takes over; the witness must not run; prints the new key
NAME is a schemeless URL without spaces, such as witness.example/w1. ADDR is 127.0.0.1:8760 where none is given.
A back-up of DIR is not to be put back: it would have forgotten what was cosigned since. Make a new witness instead.";

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Make a witness.
    Init {
        /// Its folder.
        home: PathBuf,
        /// Its key's name.
        name: String,
    },
    /// Trust a log.
    Trust {
        /// The witness's folder.
        home: PathBuf,
        /// The log's verifier key.
        log: String,
    },
    /// Trust a key of a log no longer.
    Distrust {
        /// The witness's folder.
        home: PathBuf,
        /// The key.
        log: String,
    },
    /// Run.
    Serve {
        /// The witness's folder.
        home: PathBuf,
        /// Where to listen.
        listen: SocketAddr,
        /// End when standard input does.
        with_parent: bool,
    },
    /// Print the key.
    Key {
        /// The witness's folder.
        home: PathBuf,
    },
    /// Change the key.
    Rotate {
        /// The witness's folder.
        home: PathBuf,
    },
}

/// Reads the command line. `None` when it is not understood.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Option<Command> {
    use lexopt::prelude::{Long, Value, ValueExt};
    let mut parser = lexopt::Parser::from_args(arguments);
    let (mut word, mut home, mut name, mut log, mut listen, mut with_parent) = (None, None, None, None, None, false);
    let mut read = || -> Result<(), lexopt::Error> {
        while let Some(argument) = parser.next()? {
            match argument {
                Long("home") => home = Some(PathBuf::from(parser.value()?)),
                Long("name") => name = Some(parser.value()?.string()?),
                Long("log") => log = Some(parser.value()?.string()?),
                Long("listen") => listen = Some(parser.value()?.parse()?),
                Long("with-parent") => with_parent = true,
                Value(value) if word.is_none() => word = Some(value.string()?),
                other => return Err(other.unexpected()),
            }
        }
        Ok(())
    };
    read().ok()?;
    match (word.as_deref()?, home?, name, log, listen, with_parent) {
        ("init", home, Some(name), None, None, false) => Some(Command::Init { home, name }),
        ("trust", home, None, Some(log), None, false) => Some(Command::Trust { home, log }),
        ("distrust", home, None, Some(log), None, false) => Some(Command::Distrust { home, log }),
        ("serve", home, None, None, listen, with_parent) => {
            let listen = listen.or_else(|| ADDRESS.parse().ok())?;
            Some(Command::Serve { home, listen, with_parent })
        }
        ("key", home, None, None, None, false) => Some(Command::Key { home }),
        ("rotate", home, None, None, None, false) => Some(Command::Rotate { home }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Command> {
        parse(line.split_whitespace().map(Into::into))
    }

    #[test]
    fn what_is_not_asked_for_is_this_machine_only() {
        let listen = |line| match read(line) {
            Some(Command::Serve { listen, .. }) => Some(listen.to_string()),
            _ => None,
        };
        assert_eq!(listen("serve --home w").as_deref(), Some("127.0.0.1:8760"));
        assert_eq!(listen("serve --home w --listen 0.0.0.0:80").as_deref(), Some("0.0.0.0:80"));
    }

    #[test]
    fn each_word_takes_its_own_options_and_no_others() {
        for line in [
            "",
            "--home w",
            "init --home w",
            "init --name n",
            "init --home w --name n --log l",
            "trust --home w",
            "trust --home w --log l --listen 127.0.0.1:1",
            "distrust --home w",
            "distrust --home w --log l --name n",
            "serve",
            "serve --home w --listen here",
            "serve --home w --log l",
            "key",
            "key --home w --with-parent",
            "rotate --home w --name n",
            "rotate --home w again",
            "forget --home w",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
        assert_eq!(read("init --home w --name n"), Some(Command::Init { home: "w".into(), name: "n".into() }));
        assert_eq!(read("trust --log l --home w"), Some(Command::Trust { home: "w".into(), log: "l".into() }));
        assert_eq!(read("distrust --log l --home w"), Some(Command::Distrust { home: "w".into(), log: "l".into() }));
        assert_eq!(read("rotate --home w"), Some(Command::Rotate { home: "w".into() }));
    }
}
