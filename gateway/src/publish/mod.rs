//! Where the log is published.

pub(crate) mod s3;
