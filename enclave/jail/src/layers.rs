//! Which walls stand. Each is made by one piece of code and shown to work alone by a named test.

use std::fmt;
use std::ops::{BitOr, Sub};
use std::str::FromStr;

/// A set of layers. Production knows [`Layers::ALL`] only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layers(u16);

impl Layers {
    /// Nothing of the parent's comes along: no environment, no open files but the three pipes.
    pub const CLEAN: Self = Self(1);
    /// Where the parent is root, the worker is nobody.
    pub const USER: Self = Self(1 << 1);
    /// Its own users, mounts, processes, network, IPC, host name and cgroups; its file system is empty.
    pub const NAMESPACES: Self = Self(1 << 2);
    /// Bounds on memory, CPU, files and processes.
    pub const RLIMITS: Self = Self(1 << 3);
    /// No capability in any set, none to gain, nothing of the process readable by others.
    pub const PRIVILEGES: Self = Self(1 << 4);
    /// Landlock: no path, no TCP port, no signal and no abstract socket beyond the worker.
    pub const LANDLOCK: Self = Self(1 << 5);
    /// System calls are on a list; any other is the end.
    pub const SECCOMP: Self = Self(1 << 6);
    /// After [`crate::harden`] nothing becomes code any more.
    pub const NO_NEW_CODE: Self = Self(1 << 7);
    /// Every layer: the only set that may hold a stranger's code.
    pub const ALL: Self = Self(0xff);
    /// NO JAIL AT ALL. For machines of developers whose kernel has none, behind a flag that says so; and for tests, which must see the attacks succeed.
    pub const UNSAFE_NO_JAIL: Self = Self(0);

    const NAMES: [(Self, &'static str); 8] = [
        (Self::CLEAN, "clean"),
        (Self::USER, "user"),
        (Self::NAMESPACES, "namespaces"),
        (Self::RLIMITS, "rlimits"),
        (Self::PRIVILEGES, "privileges"),
        (Self::LANDLOCK, "landlock"),
        (Self::SECCOMP, "seccomp"),
        (Self::NO_NEW_CODE, "no-new-code"),
    ];
    const NONE_NAME: &'static str = "unsafe-no-jail";

    /// True when every layer of `other` is in this set.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Layers {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Sub for Layers {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// Names joined by `+`, as [`Layers::from_str`] reads them: what a parent may hand to its worker as an argument.
impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::UNSAFE_NO_JAIL {
            return f.write_str(Self::NONE_NAME);
        }
        let named: Vec<_> = Self::NAMES.into_iter().filter(|(layer, _)| self.has(*layer)).map(|(_, name)| name).collect();
        f.write_str(&named.join("+"))
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layers({self})")
    }
}

/// A text that names no set of layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such layer")]
pub struct NoSuchLayer;

impl FromStr for Layers {
    type Err = NoSuchLayer;

    fn from_str(text: &str) -> Result<Self, NoSuchLayer> {
        if text == Self::NONE_NAME {
            return Ok(Self::UNSAFE_NO_JAIL);
        }
        text.split('+').try_fold(Self::UNSAFE_NO_JAIL, |set, part| {
            let (layer, _) = Self::NAMES.into_iter().find(|(_, name)| *name == part).ok_or(NoSuchLayer)?;
            Ok(set | layer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_reads_back_as_it_was_written() {
        for bits in 0..=Layers::ALL.0 {
            assert_eq!(Layers(bits).to_string().parse(), Ok(Layers(bits)));
        }
        for text in ["", "all", "clean+", "unsafe-no-jail+clean", "CLEAN"] {
            assert_eq!(text.parse::<Layers>(), Err(NoSuchLayer), "{text}");
        }
    }

    #[test]
    fn all_is_every_named_layer() {
        let all = Layers::NAMES.into_iter().fold(Layers::UNSAFE_NO_JAIL, |set, (layer, _)| set | layer);
        assert_eq!(all, Layers::ALL);
    }
}
