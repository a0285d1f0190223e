//! The interval of one cell: the smallest and the largest number that it has in any table that fits, by a linear program over the
//! cells that hang together with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};

use super::system::{Range, Sum, System};
use crate::disclosure::limits::{AUDIT_CELLS_MAX, AUDIT_END_MAX_MS};

/// Farther from a whole number than a solver's answer ever is.
const NEAR: f64 = 1e-4;

/// Intervals of a system's cells.
#[derive(Debug)]
pub(super) struct Bounds {
    system: System,
    /// Of each cell: a cell that stands for all that hang together with it.
    group: Vec<usize>,
}

impl Bounds {
    /// Of this system; `None` where its sums contradict each other.
    #[must_use]
    pub(super) fn new(system: System) -> Option<Self> {
        let system = system.narrowed()?;
        let mut group: Vec<usize> = (0..system.cells.len()).collect();
        for sum in &system.sums {
            let mut open = cells(sum).filter(|cell| is_open(&system, *cell));
            let Some(first) = open.next().map(|cell| root(&mut group, cell)) else { continue };
            for cell in open {
                let other = root(&mut group, cell);
                group.get_mut(other).into_iter().for_each(|g| *g = first);
            }
        }
        for cell in 0..group.len() {
            let root = root(&mut group, cell);
            group.get_mut(cell).into_iter().for_each(|g| *g = root);
        }
        Some(Self { system, group })
    }

    /// What a reader knows of a cell; `None` where that takes longer than the limits, or the solver does not answer. The ends are those
    /// of the linear program, rounded to whole numbers: never narrower than what a reader can prove with it.
    #[must_use]
    pub(super) fn of(&self, cell: usize) -> Option<Range> {
        let known = self.system.range(cell)?;
        let group = self.group.get(cell)?;
        let hangs = |sum: &&Sum| cells(sum).any(|c| is_open(&self.system, c) && self.group.get(c) == Some(group));
        let sums: Vec<&Sum> = self.system.sums.iter().filter(hangs).collect();
        // One sum alone says all it has to say to each of its cells.
        if known.width() == 0 || sums.len() <= 1 {
            return Some(known);
        }
        let end = |direction| self.end(cell, &sums, direction);
        Some(Range { low: end(OptimizationDirection::Minimize)?, high: end(OptimizationDirection::Maximize)? })
    }

    fn end(&self, cell: usize, sums: &[&Sum], direction: OptimizationDirection) -> Option<i64> {
        let open: BTreeSet<usize> = sums.iter().flat_map(|sum| cells(sum)).filter(|c| is_open(&self.system, *c)).collect();
        if open.len() > AUDIT_CELLS_MAX {
            return None;
        }
        let mut problem = Problem::new(direction);
        problem.set_time_limit(Duration::from_millis(AUDIT_END_MAX_MS));
        let mut variables: BTreeMap<usize, Variable> = BTreeMap::new();
        // Numbers are counted from each cell's lower end: what the solver sees stays small.
        for c in open {
            let goal = if c == cell { 1.0 } else { 0.0 };
            variables.insert(c, problem.add_var(goal, (0.0, self.system.range(c)?.width() as f64)));
        }
        for sum in sums {
            let parts = sum.parts.iter().filter_map(|part| Some((*variables.get(part)?, 1.0)));
            let terms: Vec<(Variable, f64)> = parts.chain(variables.get(&sum.total).map(|total| (*total, -1.0))).collect();
            let rest = self.system.range(sum.total)?.low.saturating_sub(self.system.parts(sum).low);
            problem.add_constraint(terms.as_slice(), ComparisonOp::Eq, rest as f64);
        }
        let solution = problem.solve().ok()?.into_solution().ok().filter(|s| matches!(s.status(), microlp::SolutionStatus::Optimal))?;
        let end = solution.objective();
        let whole = match direction {
            OptimizationDirection::Minimize => (end - NEAR).ceil(),
            OptimizationDirection::Maximize => (end + NEAR).floor(),
        };
        self.system.range(cell)?.low.checked_add(whole as i64)
    }
}

fn cells(sum: &Sum) -> impl Iterator<Item = usize> {
    sum.parts.iter().copied().chain([sum.total])
}

fn is_open(system: &System, cell: usize) -> bool {
    system.range(cell).is_some_and(|range| range.width() > 0)
}

fn root(group: &mut [usize], cell: usize) -> usize {
    let mut at = cell;
    while let Some(up) = group.get(at).copied().filter(|up| *up != at) {
        let above = group.get(up).copied().unwrap_or(up);
        group.get_mut(at).into_iter().for_each(|g| *g = above);
        at = above;
    }
    at
}
