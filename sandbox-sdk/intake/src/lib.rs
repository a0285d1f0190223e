//! Intake: what a guest must be before anybody runs it.
