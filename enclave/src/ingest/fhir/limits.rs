//! What one load of FHIR may take, each with its unit and reason. What is beyond is quarantined, never loaded in part.

/// Most bytes of one document (a file, or a line of NDJSON): the largest published Bundles have under 1 MiB; one is in memory at a time.
pub(crate) const DOCUMENT_MAX_BYTES: u64 = 32 << 20;
/// Most entries of one Bundle: a check-up has about 50, a long stay some thousands.
pub(crate) const ENTRIES_MAX: usize = 20_000;
/// Unpacked bytes from which the ratio below is looked at: short files may be packed very well.
pub(crate) const UNPACKED_FREE_BYTES: u64 = 64 << 20;
/// Most unpacked bytes for each packed one: FHIR packs 10 to 60 times, a bomb a thousand times.
pub(crate) const UNPACKED_RATIO_MAX: u64 = 250;
/// Most folders inside each other: deeper ones are a loop or a mistake.
pub(crate) const FOLDERS_DEEP_MAX: usize = 32;
/// Most files of one load: bounds the list in memory (about 1 GB of names).
pub(crate) const FILES_MAX: usize = 5_000_000;
/// Most documents of one load: bounds the memory of Bundle identifiers (about 100 bytes each).
pub(crate) const DOCUMENTS_MAX: u64 = 20_000_000;
/// Most bytes of a Patient that came on its own and is kept for references: the published ones have under 10 KB.
pub(crate) const PATIENT_MAX_BYTES: usize = 1 << 20;
/// Most bytes of all of them (in memory up to 16 times that). In a folder where one is not kept, references lead nowhere, and say so.
pub(crate) const POOL_MAX_BYTES: usize = 128 << 20;
/// Steps of one path through references: a chain, not a walk.
pub(crate) const HOPS_MAX: usize = 4;
/// Rows that wait for their people: one request to the linkage unit serves many.
pub(crate) const ROWS_WAITING: usize = 20_000;

// Nesting: serde_json refuses more than 128 levels by itself, so that no document can exhaust the stack. It is not switched off.
