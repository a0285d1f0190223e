//! The catalogue: what data exists, who holds it, which of its columns may be used how, and from a permit's scope to the
//! tables that are cut for it.
//!
//! Nothing here touches data. A listing is one file in `listings/`; adding a database means adding a file.

mod check;
pub mod codes;
pub mod listing;
pub mod load;
pub mod pattern;
pub mod plan;
pub mod search;

pub use codes::{
    CodeList, CodeValue,
    masters::{Master, masters},
};
pub use listing::{Column, Domain, Kind, Listing, Measure, Table, Text};
pub use load::{CatalogError, load, load_with};
pub use pattern::Pattern;
pub use plan::{TablePlan, plan};
pub use search::search;
