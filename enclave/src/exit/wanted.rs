//! What the statistics of a question need to know of every person in every cell, each thing once.

use crate::question::{Question, Statistic};

/// A sum over a person's rows in a cell; numbers are columns of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SumOf {
    /// Of a column.
    Column(usize),
    /// Of the first column over the rows in which the second is not NULL.
    Where(usize, usize),
    /// Of the product of two columns.
    Product(usize, usize),
}

/// A number of a person's rows in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowsOf {
    /// In which the column is not NULL.
    Column(usize),
    /// In which neither is NULL.
    Both(usize, usize),
}

/// What is counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Sums.
    pub(super) sums: Vec<SumOf>,
    /// Numbers of rows.
    pub(super) rows: Vec<RowsOf>,
    /// Columns of which every value is kept.
    pub(super) lists: Vec<usize>,
    /// Value columns of which it is kept who has which value.
    pub(super) values: Vec<usize>,
}

impl Wanted {
    /// What a question needs.
    pub(super) fn of(question: &Question) -> Self {
        let mut wanted = Self::default();
        question.statistics.iter().for_each(|s| wanted.add(s));
        // Facilities of a part of the people are found by its indicator.
        let parts = question.statistics.iter().filter_map(|s| if let Statistic::People(c) | Statistic::Rows(c) = s { *c } else { None });
        parts.filter(|_| !question.sites.is_empty()).for_each(|c| wanted.column(c));
        wanted
    }

    fn add(&mut self, statistic: &Statistic) {
        match statistic {
            Statistic::People(None) | Statistic::Rows(None) | Statistic::Guest(_) => {}
            Statistic::People(Some(c)) | Statistic::Rows(Some(c)) => once(&mut self.rows, RowsOf::Column(*c)),
            Statistic::Sum(c) => self.column(*c),
            Statistic::Ratio(a, b) if a == b => self.column(*a),
            Statistic::Ratio(a, b) => {
                self.column(*a);
                once(&mut self.sums, SumOf::Where(*a, *b));
                once(&mut self.rows, RowsOf::Column(*b));
            }
            Statistic::Moment(x, x2) if x == x2 => self.square(*x),
            Statistic::Moment(x, y) => {
                once(&mut self.sums, SumOf::Where(*x, *y));
                once(&mut self.sums, SumOf::Where(*y, *x));
                once(&mut self.sums, SumOf::Product(*x, *y));
                once(&mut self.rows, RowsOf::Both(*x, *y));
            }
            Statistic::Leverage(x) => self.square(*x),
            Statistic::Quantile(c, _) => {
                // The ledger compares quantiles by the sum of each person's values.
                self.column(*c);
                once(&mut self.lists, *c);
            }
            Statistic::Distinct(v) => once(&mut self.values, *v),
        }
    }

    fn column(&mut self, c: usize) {
        once(&mut self.sums, SumOf::Column(c));
        once(&mut self.rows, RowsOf::Column(c));
    }

    fn square(&mut self, x: usize) {
        self.column(x);
        once(&mut self.sums, SumOf::Product(x, x));
    }
}

fn once<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}
