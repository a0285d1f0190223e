//! No gaps, and time never goes back.

use visiting_policies::record::Event;

use super::Check;

/// The order of the events.
#[derive(Debug, Default)]
pub(super) struct Order {
    next: u64,
    last_ms: u64,
    first_ms: Option<u64>,
}

impl Check for Order {
    fn name(&self) -> &'static str {
        "order"
    }

    fn look(&mut self, index: u64, event: &Event) -> Result<(), String> {
        if index != self.next {
            return Err(format!("the one before it was {}", self.next));
        }
        if event.at_ms < self.last_ms {
            return Err(format!("its time is {} ms before that of the event before it", self.last_ms - event.at_ms));
        }
        self.next += 1;
        self.last_ms = event.at_ms;
        self.first_ms.get_or_insert(event.at_ms);
        Ok(())
    }

    fn told(&self) -> String {
        let Some(first) = self.first_ms else { return "there are no events".to_owned() };
        let seconds = self.last_ms.saturating_sub(first) / 1000;
        format!("events 0 to {}, none missing, over {seconds} s in which time never goes back", self.next.saturating_sub(1))
    }
}
