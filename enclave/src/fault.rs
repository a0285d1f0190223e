//! The enclave's own error: what an operator must look at. Never shown to a researcher, never quotes a data value on purpose.

use visiting_policies::Refusal;

/// Something that went wrong inside.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The law refused.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A file.
    #[error("file: {0}")]
    File(#[from] std::io::Error),
    /// The engine.
    #[error("engine: {0}")]
    Engine(#[from] datafusion::error::DataFusionError),
    /// Arrow or Parquet.
    #[error("arrow: {0}")]
    Arrow(#[from] datafusion::arrow::error::ArrowError),
    /// Parquet.
    #[error("parquet: {0}")]
    Parquet(#[from] datafusion::parquet::errors::ParquetError),
    /// The ledger's or the vault's SQLite.
    #[error("sqlite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// JSON.
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),
    /// The gateway could not be reached.
    #[error("gateway: {0}")]
    Gateway(String),
    /// The linkage unit answered with an error or not at all.
    #[error("linkage unit: {0}")]
    Linkage(String),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}
