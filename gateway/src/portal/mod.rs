//! The portal: the whole service as pages, Japanese first, with English. It holds no privilege of its own: every act goes through
//! the functions that the JSON API uses, with the same refusals and the same events.
//!
//! Read the route table below first, then `ctx.rs` (who looks), `layout.rs` (the frame), `form.rs` (what comes back).

mod access_log;
mod applications;
mod apply;
mod assets;
mod audit;
mod bind;
mod bound;
mod catalog;
mod chart;
mod codes;
mod course;
mod ctx;
mod errors;
mod filter;
mod form;
mod guests;
mod holds;
mod home;
mod incidents;
mod lang;
mod layout;
mod login;
mod masters;
mod parts;
mod patterns;
mod permits;
mod place;
mod recalls;
mod record;
mod register;
mod remains;
mod reviews;
mod rules;
mod run;
mod samples;
mod schema;
mod select;
mod signing;
mod table;
mod tell;
mod time;
mod tryout;
mod wish;
mod words;
mod work;
mod workspace;

use axum::{
    Router,
    middleware::map_response,
    routing::{get, post},
};
use visiting_policies::terms::Role;

pub(crate) use self::errors::{no_such_method, no_such_path};
use crate::app::Shared;

/// Who finds something at an address. To others it does not exist, or asks them to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody, also without a login.
    Anyone,
    /// Everybody who is logged in; what they see depends on who they are.
    Person,
    /// Whoever holds one of these roles.
    Holding(&'static [Role]),
    /// Those whom the case concerns: its team, and whom the law lets see it.
    Concerned,
}

/// One address of the portal.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// `get` or `post`.
    pub method: &'static str,
    /// With `{…}` where an id stands.
    pub path: &'static str,
    /// Who finds something there.
    pub who: Who,
    /// True where the browser must run a script (signing); the page says what to do without.
    pub script: bool,
}

const PLAIN: bool = false;
const SIGNS: bool = true;

/// The one list of addresses: the router is made of it, and tests go through it.
macro_rules! routes {
    ($($method:ident $path:literal $who:expr, $script:expr => $handler:path;)*) => {
        /// Every address of the portal.
        pub const ROUTES: &[Route] = &[$(Route { method: stringify!($method), path: $path, who: $who, script: $script }),*];

        fn table() -> Router<Shared> {
            Router::new()$(.route($path, $method($handler)))*
        }
    };
}

routes! {
    get "/" Who::Anyone, PLAIN => home::show;
    get "/login" Who::Anyone, PLAIN => login::show;
    post "/login" Who::Anyone, PLAIN => login::log_in;
    post "/logout" Who::Anyone, PLAIN => login::log_out;
    get "/lang/{code}" Who::Anyone, PLAIN => login::switch;
    get "/catalog" Who::Anyone, PLAIN => catalog::list;
    get "/catalog/{id}" Who::Anyone, PLAIN => catalog::show;
    get "/codes" Who::Anyone, PLAIN => masters::show;
    get "/applications" Who::Person, PLAIN => applications::list;
    get "/applications/new" Who::Holding(&[Role::Researcher]), PLAIN => apply::new;
    post "/applications/new" Who::Holding(&[Role::Researcher]), PLAIN => apply::start;
    get "/drafts/{id}" Who::Concerned, PLAIN => apply::draft;
    post "/drafts/{id}" Who::Concerned, PLAIN => apply::change;
    get "/drafts/{id}/review" Who::Concerned, PLAIN => apply::review;
    post "/drafts/{id}/submit" Who::Concerned, PLAIN => apply::submit;
    get "/applications/{id}" Who::Concerned, PLAIN => applications::show;
    post "/applications/{id}/completeness" Who::Holding(&[Role::Reception]), PLAIN => applications::judge;
    get "/reviews" Who::Holding(&[Role::Reception, Role::CommitteeMember]), PLAIN => reviews::queue;
    get "/reviews/{id}" Who::Holding(&[Role::CommitteeMember]), PLAIN => reviews::decide;
    get "/reviews/{id}/ballot" Who::Holding(&[Role::CommitteeMember]), SIGNS => reviews::ballot;
    post "/reviews/{id}/votes" Who::Holding(&[Role::CommitteeMember]), SIGNS => reviews::vote;
    get "/holds" Who::Holding(&[Role::Checker]), PLAIN => holds::queue;
    get "/holds/{id}" Who::Holding(&[Role::Checker]), SIGNS => holds::show;
    post "/holds/{id}/checks" Who::Holding(&[Role::Checker]), SIGNS => holds::check;
    get "/releases" Who::Holding(&[Role::Ministry]), PLAIN => recalls::list;
    get "/releases/{id}" Who::Holding(&[Role::Ministry]), SIGNS => recalls::show;
    post "/releases/{id}/recall" Who::Holding(&[Role::Ministry]), SIGNS => recalls::recall;
    get "/samples/{id}" Who::Holding(&[Role::Checker]), SIGNS => samples::show;
    post "/samples/{id}/look" Who::Holding(&[Role::Checker]), SIGNS => samples::look;
    get "/permits" Who::Person, PLAIN => permits::list;
    get "/permits/{id}" Who::Concerned, PLAIN => permits::show;
    post "/permits/{id}/suspension" Who::Holding(&[Role::Ministry]), SIGNS => permits::suspend;
    post "/permits/{id}/closure" Who::Holding(&[Role::Ministry]), SIGNS => permits::close;
    get "/permits/{id}/workspace" Who::Concerned, PLAIN => work::workspace;
    post "/permits/{id}/workspace" Who::Concerned, PLAIN => work::ask;
    get "/permits/{id}/guests" Who::Concerned, PLAIN => bind::show;
    post "/permits/{id}/guests" Who::Concerned, PLAIN => bind::bind;
    get "/permits/{id}/codes" Who::Concerned, PLAIN => codes::show;
    post "/permits/{id}/codes" Who::Concerned, PLAIN => codes::bind;
    get "/runs/{id}" Who::Concerned, PLAIN => work::run;
    get "/runs/{id}/files/{name}" Who::Concerned, PLAIN => work::file;
    get "/log" Who::Holding(&[Role::Auditor]), PLAIN => record::log;
    post "/log/words" Who::Holding(&[Role::Auditor]), PLAIN => record::words;
    get "/log/search" Who::Holding(&[Role::Auditor]), PLAIN => audit::search;
    get "/log/sql" Who::Holding(&[Role::Auditor]), PLAIN => audit::sql_form;
    post "/log/sql" Who::Holding(&[Role::Auditor]), PLAIN => audit::sql_asked;
    get "/log/timeline/{id}" Who::Holding(&[Role::Auditor]), PLAIN => course::show;
    get "/incidents" Who::Holding(&[Role::Auditor, Role::Ministry]), PLAIN => incidents::list;
    post "/incidents" Who::Holding(&[Role::Auditor, Role::Ministry]), PLAIN => incidents::note;
    get "/incidents/{id}" Who::Holding(&[Role::Auditor, Role::Ministry]), PLAIN => incidents::show;
    post "/incidents/{id}/close" Who::Holding(&[Role::Auditor, Role::Ministry]), PLAIN => incidents::close;
    get "/patterns" Who::Holding(&[Role::Auditor]), PLAIN => patterns::show;
    get "/rules" Who::Anyone, PLAIN => rules::show;
    get "/register" Who::Anyone, PLAIN => record::register;
}

/// All pages, with the headers that every answer carries.
pub(crate) fn pages() -> Router<Shared> {
    table().route("/assets/{digest}/{name}", get(assets::serve)).layer(map_response(async |answer| layout::secured(answer)))
}

#[cfg(test)]
pub(crate) use self::{tell::given::acts, work::log_vkey};

#[cfg(test)]
mod tests;
