//! What researchers' own programs (guests) will be written against: the boundary to the enclave and helpers, nothing else.
//!
//! **Guests are not built yet.** This version runs SQL only, and this crate exports nothing on purpose: an interface that no
//! host answers would be a promise that nothing keeps. The room exists because the arrows between rooms are already fixed: it
//! depends on none of ours, and of ours only the enclave will depend on it.
