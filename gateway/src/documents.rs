//! Documents beside the record: purposes, SQL, remarks, released files. Content-addressed; events hold the digests.

use std::path::{Path as FilePath, PathBuf};

use axum::body::Bytes;
use object_store::{ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path};
use visiting_policies::{refusal::Refusal, sign};

use crate::{desk::unavailable, files};

/// The store.
#[derive(Debug)]
pub(crate) struct Documents {
    store: LocalFileSystem,
    folder: PathBuf,
}

impl Documents {
    pub(crate) fn open(folder: &FilePath) -> Result<Self, Refusal> {
        std::fs::create_dir_all(folder).map_err(|e| unavailable(&e))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|e| unavailable(&e))?;
        Ok(Self { store, folder: folder.to_owned() })
    }

    /// Stores `bytes` and returns their digest once they survive a power loss. Storing them again is harmless.
    pub(crate) async fn put(&self, bytes: impl Into<Bytes>) -> Result<String, Refusal> {
        let bytes = bytes.into();
        let digest = sign::digest(&bytes);
        let place = place(&digest);
        self.store.put(&place, PutPayload::from(bytes)).await.map_err(|e| unavailable(&e))?;
        let (file, folder) = (self.store.path_to_filesystem(&place).map_err(|e| unavailable(&e))?, self.folder.clone());
        let synced = tokio::task::spawn_blocking(move || sync(&file, &folder));
        synced.await.map_err(|e| unavailable(&e))?.map_err(|e| unavailable(&e))?;
        Ok(digest)
    }

    /// The document with this digest; a damaged one is not given out.
    pub(crate) async fn get(&self, digest: &str) -> Result<Bytes, Refusal> {
        let found = self.store.get(&place(digest)).await.map_err(|e| unavailable(&e))?;
        let bytes = found.bytes().await.map_err(|e| unavailable(&e))?;
        if sign::digest(&bytes) == digest { Ok(bytes) } else { Err(unavailable(&format!("the document {digest} is damaged"))) }
    }

    /// As [`Self::get`], for text.
    pub(crate) async fn text(&self, digest: &str) -> Result<String, Refusal> {
        Ok(String::from_utf8_lossy(&self.get(digest).await?).into_owned())
    }
}

/// `sha256:abcd…` lies at `ab/abcd…`.
fn place(digest: &str) -> Path {
    let hex = digest.trim_start_matches("sha256:");
    let (shelf, _) = hex.split_at_checked(2).unwrap_or((hex, ""));
    Path::from(format!("{shelf}/{hex}"))
}

/// `object_store` renames into place but does not sync: file, shelf and root folder here.
fn sync(file: &FilePath, root: &FilePath) -> std::io::Result<()> {
    std::fs::File::open(file)?.sync_all()?;
    if let Some(shelf) = file.parent() {
        files::sync_folder(shelf)?;
    }
    files::sync_folder(root)
}
