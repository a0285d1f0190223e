//! One reader's way through the record: a page, a checkpoint where one is due, and at the end a wait for more.
//!
//! Each reader pulls pages from the journal at its own pace; the log only wakes it. What it does not take is not read, so nothing piles
//! up for it, and no lock is held while it is waited for.

use std::{fmt::Write, io};

use axum::body::{Body, Bytes};
use tokio::{
    sync::mpsc::{self, Sender},
    time::{Instant, timeout},
};
use visiting_policies::{
    note::Checkpoint,
    record::Event,
    refusal::{Code, Refusal},
};

use super::{
    filter::Filter,
    item::{Data, Item},
    limits::{CHECKPOINT_EVENTS, HEARTBEAT, PAGE_EVENTS, Place},
};
use crate::app::Shared;

/// What is handed to the connection; an error breaks the answer off.
type Piece = io::Result<Bytes>;

/// How items are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Server-sent events.
    Sse,
    /// A line of JSON each.
    Lines,
    /// One JSON array; only for a stream that ends.
    Batch,
}

impl Form {
    /// Media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::Lines => "application/x-ndjson",
            Self::Batch => "application/cloudevents-batch+json",
        }
    }

    /// What stands after the last item.
    fn closing(self) -> &'static str {
        if self == Self::Batch { "]\n" } else { "" }
    }

    /// Writes one item. `last` is the index of the newest event that the reader has once it has the item: the place to go on from.
    fn write(self, out: &mut String, item: &Item, last: u64, first: bool) -> Result<(), Refusal> {
        let fault = |_| Refusal::new(Code::OperatorProblem, "an event cannot be written as JSON");
        let json = serde_json::to_string(item).map_err(fault)?;
        let event = if matches!(item.data, Data::Checkpoint { .. }) { "checkpoint" } else { "record" };
        let written = match self {
            Self::Sse => write!(out, "id: {last}\nevent: {event}\ndata: {json}\n\n"),
            Self::Lines => writeln!(out, "{json}"),
            Self::Batch => write!(out, "{}{json}", if first { '[' } else { ',' }),
        };
        written.map_err(|_| Refusal::new(Code::OperatorProblem, "an event cannot be written"))
    }
}

/// A reader.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) app: Shared,
    /// Origin of the log.
    pub(crate) origin: String,
    /// Index of the next event.
    pub(crate) next: u64,
    pub(crate) filter: Filter,
    pub(crate) form: Form,
    /// True until an item is written.
    pub(crate) fresh: bool,
    /// Stay when everything is told. Otherwise the stream ends with the checkpoint over all of it.
    pub(crate) follow: bool,
    /// End of the login, or of the longest life.
    pub(crate) ends: Instant,
    pub(crate) place: Place,
}

/// The record at one moment: no reader is shown more than its checkpoint covers.
struct Known {
    size: u64,
    checkpoint: String,
}

impl Feed {
    /// The answer's body. The feed lives in a task of its own and ends with its time or its reader, whichever is first; at most one piece
    /// waits between the two.
    pub(crate) fn into_body(self) -> Body {
        let (out, mut pieces) = mpsc::channel::<Piece>(1);
        tokio::spawn(self.tell(out));
        Body::from_stream(futures::stream::poll_fn(move |cx| pieces.poll_recv(cx)))
    }

    async fn tell(mut self, out: Sender<Piece>) {
        let (ends, follow) = (self.ends, self.follow);
        let ended = tokio::select! {
            ended = self.pages(&out) => ended,
            () = out.closed() => Ok(()),
            () = tokio::time::sleep_until(ends) => if follow { Ok(()) } else { Err("the time of this stream is over".to_owned()) },
        };
        // Whoever wanted a whole must not take a part for it: the connection breaks instead of ending. A stream that follows has no whole.
        if let Err(why) = ended {
            let _ = timeout(HEARTBEAT, out.send(Err(io::Error::other(why)))).await;
        }
        drop(self.place);
    }

    async fn pages(&mut self, out: &Sender<Piece>) -> Result<(), String> {
        let mut size = self.app.desk.changes();
        loop {
            size.borrow_and_update();
            let known = self.known();
            while self.next < known.size {
                let page = self.page(&known).await.map_err(|refusal| refusal.detail)?;
                if !page.is_empty() && out.send(Ok(page.into())).await.is_err() {
                    return Ok(());
                }
            }
            if !self.follow {
                // A list that nobody reads to its end needs no bracket either.
                let _ = out.send(Ok(self.form.closing().into())).await;
                return Ok(());
            }
            loop {
                match timeout(HEARTBEAT, size.changed()).await {
                    Ok(Ok(())) => break,
                    Ok(Err(_)) => return Ok(()),
                    Err(_silence) => {
                        let sign = self.sign_of_life(&known).map_err(|refusal| refusal.detail)?;
                        if out.send(Ok(sign.into())).await.is_err() {
                            return Ok(());
                        }
                    }
                }
            }
        }
    }

    /// Size and checkpoint of one and the same moment.
    fn known(&self) -> Known {
        let view = self.app.desk.view();
        Known { size: view.tree.size(), checkpoint: view.checkpoint().to_owned() }
    }

    /// The next events, up to the place of the next checkpoint, and that checkpoint when it is reached.
    async fn page(&mut self, known: &Known) -> Result<String, Refusal> {
        let due = (self.next / CHECKPOINT_EVENTS + 1).saturating_mul(CHECKPOINT_EVENTS);
        let until = known.size.min(due).min(self.next.saturating_add(PAGE_EVENTS));
        let leaves = self.app.desk.leaves(self.next, until - self.next).await?;
        if leaves.len() as u64 != until - self.next {
            return Err(Refusal::new(Code::RecordUnavailable, "the journal is shorter than the record"));
        }
        let mut out = String::new();
        for leaf in &leaves {
            self.event(&mut out, leaf)?;
        }
        if until == known.size {
            self.checkpoint(&mut out, until, &known.checkpoint)?;
        } else if until == due {
            let note = self.signed(until)?;
            self.checkpoint(&mut out, until, &note)?;
        }
        Ok(out)
    }

    fn event(&mut self, out: &mut String, leaf: &str) -> Result<(), Refusal> {
        let index = self.next;
        let event = Event::from_bytes(leaf.as_bytes())?;
        let item = Item::record(index, leaf, &event, &self.origin);
        let wanted = self.filter.takes(&event, item.subject.as_deref(), &self.app.desk.view().cases);
        if wanted {
            self.item(out, &item, index)?;
        }
        self.next = index + 1;
        Ok(())
    }

    fn checkpoint(&mut self, out: &mut String, size: u64, note: &str) -> Result<(), Refusal> {
        self.item(out, &Item::checkpoint(size, note, &self.origin), size.saturating_sub(1))
    }

    fn item(&mut self, out: &mut String, item: &Item, last: u64) -> Result<(), Refusal> {
        self.form.write(out, item, last, std::mem::take(&mut self.fresh))
    }

    /// The checkpoint over the first `size` events: one of the same tree, and the same bytes for every reader.
    fn signed(&self, size: u64) -> Result<String, Refusal> {
        let root = self.app.desk.view().tree.root(size);
        let root = root.ok_or_else(|| Refusal::new(Code::RecordUnavailable, "the tree is shorter than the record"))?;
        Ok(Checkpoint { size, root }.sign(&self.origin, &self.app.log_key))
    }

    /// For SSE a comment, which no client shows. Lines have no comments: there the checkpoint is said again.
    fn sign_of_life(&mut self, known: &Known) -> Result<String, Refusal> {
        let mut out = String::new();
        match self.form {
            Form::Sse => out.push_str(": nothing new\n\n"),
            Form::Lines | Form::Batch => self.checkpoint(&mut out, known.size, &known.checkpoint)?,
        }
        Ok(out)
    }
}
