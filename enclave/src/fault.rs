//! The enclave's own error: what an operator must look at. Never shown to a researcher, and never in the engine's words: these can
//! quote a value of the data.

use datafusion::error::DataFusionError;
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
    #[error("engine: {}", kind(.0))]
    Engine(#[from] DataFusionError),
    /// Arrow or Parquet.
    #[error("arrow")]
    Arrow(#[from] datafusion::arrow::error::ArrowError),
    /// Parquet.
    #[error("parquet")]
    Parquet(#[from] datafusion::parquet::errors::ParquetError),
    /// While people's rows were read. Whether it happens can depend on a row, so to the researcher it is a question with nothing to
    /// show.
    #[error("while rows were read: {0}")]
    Rows(Box<Fault>),
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

impl Fault {
    /// What went wrong while rows were read. The law's own refusals stay what they are.
    pub(crate) fn in_rows(self) -> Self {
        match self {
            Self::Refused(_) | Self::Rows(_) => self,
            other => Self::Rows(Box::new(other)),
        }
    }

    /// Everything that is known, the engine's words included: for made-up data only.
    #[must_use]
    pub fn in_full(&self) -> String {
        match self {
            Self::Engine(error) => format!("{self}: {error}"),
            Self::Arrow(error) => format!("{self}: {error}"),
            Self::Parquet(error) => format!("{self}: {error}"),
            Self::Rows(inner) => format!("while rows were read: {}", inner.in_full()),
            other => other.to_string(),
        }
    }
}

/// The kind of an engine's error.
fn kind(error: &DataFusionError) -> &'static str {
    match error.find_root() {
        DataFusionError::ArrowError(..) => "arrow",
        DataFusionError::ParquetError(_) => "parquet",
        DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) => "files",
        DataFusionError::ResourcesExhausted(_) => "out of memory",
        DataFusionError::Execution(_) | DataFusionError::ExecutionJoin(_) => "execution",
        DataFusionError::Plan(_) | DataFusionError::SchemaError(..) | DataFusionError::SQL(..) => "planning",
        DataFusionError::NotImplemented(_) => "not implemented",
        DataFusionError::Internal(_) => "internal",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_says_is_not_told_on() {
        let quoting = || Fault::from(DataFusionError::Execution("Cannot cast string 'E11' to value of Int64 type".to_owned()));
        for fault in [quoting(), quoting().in_rows(), quoting().in_rows().in_rows()] {
            assert!(!fault.to_string().contains("E11"), "{fault}");
            assert!(fault.in_full().contains("E11"));
        }
    }
}
