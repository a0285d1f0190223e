//! Transparency logs exactly as C2SP writes them: tiles (tlog-tiles v0.1.0), signed notes (signed-note v1.0.0), checkpoints
//! (tlog-checkpoint v1.0.0), Ed25519 cosignatures (tlog-cosignature), trust policies (tlog-policy), offline proofs (tlog-proof)
//! and what a witness decides (tlog-witness v1.0.0).
//!
//! A log is written by an [`Appender`](append::Appender), read by a [`Reader`](read::Reader), and proved whole by
//! [`structure::verify`]. A [`Note`](note::Note) is read before it is trusted: [`Policy::accept`](policy::Policy::accept) says
//! whether a checkpoint may be. A [`Witness`](witness::Witness) is a pure function; the [`Desk`](desk::Desk) around it keeps
//! its state in files.
//!
//! Only [`folder`], [`desk`] and what they share touch a disk. Nothing here reads a clock or opens a socket.

pub mod append;
pub mod bundle;
pub mod checkpoint;
pub mod cosignature;
pub mod desk;
mod durable;
mod encoding;
pub mod folder;
pub mod key;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod proof;
pub mod read;
pub mod request;
pub mod store;
pub mod structure;
pub mod tile;
pub mod verify;
pub mod witness;
