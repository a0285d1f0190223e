//! How soon a page shows something: first contentful paint of every page of the portal, warm, in the distribution's Chromium.

use crate::{
    browser::{Browser, Case, Setting, wait_for_data},
    world::World,
};

/// People of the population; the pages' size does not depend on it.
const PEOPLE: u32 = 3000;
/// The target, milliseconds.
const TARGET_MS: f64 = 200.0;

/// Runs the benchmark of the portal.
///
/// # Errors
/// What went wrong, in words.
pub fn portal(mut say: impl FnMut(&str)) -> Result<(), String> {
    let browser = Browser::find()?;
    let mut world = World::new("bench-portal")?;
    world.populate(PEOPLE)?;
    world.start_all()?;
    wait_for_data(world.address(), &["ndb", "kaigo"])?;
    let case = Case::play(&world)?;
    let setting = Setting { suite: "speed", address: world.address(), home: world.home(), languages: "ja", case: Some(&case), out: None };
    let mut middle = None;
    browser.play(&setting, |line| match line.strip_prefix("fcp_ms ") {
        Some(number) => middle = number.parse::<f64>().ok(),
        None => say(&format!("# {line}")),
    })?;
    let middle = middle.ok_or("the browser measured nothing")?;
    say(&super::line("portal_fcp_ms", middle, TARGET_MS, middle / TARGET_MS));
    Ok(())
}
