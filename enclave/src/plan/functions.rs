//! The functions that the language has. What is not here does not exist: no remainders, digests, bits, random numbers, clocks, no
//! text from numbers, nothing that reads files or settings.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{ArrayRef, AsArray, Int64Array},
        datatypes::{DataType, Int64Type},
    },
    common::exec_err,
    execution::SessionStateDefaults,
    logical_expr::{AggregateUDF, ColumnarValue, ScalarUDF, Volatility, WindowUDF, create_udf},
};

/// Row by row.
const SCALAR: &[&str] = &[
    "abs", "ceil", "coalesce", "exp", "floor", "greatest", "least", "left", "ln", "log", "log10", "log2", "nullif", "power", "right",
    "round", "sqrt", "substr", "trunc",
];
/// Other names of the same.
const OTHER_NAMES: &[(&str, &str)] = &[("pow", "power"), ("substring", "substr"), ("ceiling", "ceil"), ("ifnull", "nvl")];
/// Our own, on months `yyyymm`.
const MONTHS: &[&str] = &["month_of", "year_of", "months_between"];
/// Per person, below the release point, or over released values above it.
pub(crate) const PER_PERSON: &[&str] = &[
    "avg",
    "bool_and",
    "bool_or",
    "count",
    "first_value",
    "last_value",
    "max",
    "median",
    "min",
    "stddev",
    "stddev_pop",
    "sum",
    "var",
    "var_pop",
];
/// At the release point.
pub(crate) const RELEASED: &[&str] = &[
    "approx_median",
    "approx_percentile_cont",
    "avg",
    "corr",
    "count",
    "covar",
    "covar_pop",
    "covar_samp",
    "median",
    "percentile_cont",
    "quantile_cont",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "sum",
    "var",
    "var_pop",
    "var_samp",
    "var_sample",
    "var_population",
];
/// Windows partitioned by the person below the release point; any above it.
const WINDOW: &[&str] =
    &["cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile", "percent_rank", "rank", "row_number"];

/// True for a name that the language has, guests aside.
pub(super) fn exists(name: &str) -> bool {
    let other = OTHER_NAMES.iter().any(|(n, _)| *n == name);
    other || [SCALAR, MONTHS, PER_PERSON, RELEASED, WINDOW].iter().any(|list| list.contains(&name))
}

/// What the names stand for.
#[derive(Debug)]
pub(super) struct Functions {
    scalar: Vec<Arc<ScalarUDF>>,
    aggregate: Vec<Arc<AggregateUDF>>,
    window: Vec<Arc<WindowUDF>>,
}

impl Functions {
    /// The listed ones out of the engine's.
    pub(super) fn new() -> Self {
        let mut scalar = SessionStateDefaults::default_scalar_functions();
        scalar.retain(|f| SCALAR.contains(&f.name()) || f.name() == "nvl");
        scalar.extend(MONTHS.iter().filter_map(|name| months(name)));
        let mut aggregate = SessionStateDefaults::default_aggregate_functions();
        aggregate.retain(|f| std::iter::once(f.name()).chain(f.aliases().iter().map(String::as_str)).any(exists));
        let mut window = SessionStateDefaults::default_window_functions();
        window.retain(|f| WINDOW.contains(&f.name()));
        Self { scalar, aggregate, window }
    }

    pub(super) fn scalar(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        let name = OTHER_NAMES.iter().find(|(n, _)| *n == name).map_or(name, |(_, n)| n);
        self.scalar.iter().find(|f| f.name() == name).cloned()
    }

    pub(super) fn aggregate(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        let named = |f: &&Arc<AggregateUDF>| exists(name) && (f.name() == name || f.aliases().iter().any(|a| a == name));
        self.aggregate.iter().find(named).cloned()
    }

    pub(super) fn window(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.window.iter().find(|f| f.name() == name).cloned()
    }

    /// Names of one kind, for the engine's own listing.
    pub(super) fn names(&self) -> (Vec<String>, Vec<String>, Vec<String>) {
        (
            self.scalar.iter().map(|f| f.name().to_owned()).collect(),
            self.aggregate.iter().map(|f| f.name().to_owned()).collect(),
            self.window.iter().map(|f| f.name().to_owned()).collect(),
        )
    }
}

/// True for our functions on months, whose arguments must be months.
pub(crate) fn is_of_months(name: &str) -> bool {
    MONTHS.contains(&name)
}

/// `yyyymm` taken apart. Below our own hands, so that no remainder function needs to be offered.
fn months(name: &str) -> Option<Arc<ScalarUDF>> {
    let one = |f: fn(i64) -> i64| {
        create_udf(
            name,
            vec![DataType::Int64],
            DataType::Int64,
            Volatility::Immutable,
            Arc::new(move |args: &[ColumnarValue]| map(args, |v| f(v.0))),
        )
    };
    let made = match name {
        "month_of" => one(|ym| ym.rem_euclid(100)),
        "year_of" => one(|ym| ym.div_euclid(100)),
        "months_between" => {
            let between = |args: &[ColumnarValue]| map(args, |(from, to)| index(to).saturating_sub(index(from)));
            create_udf(name, vec![DataType::Int64; 2], DataType::Int64, Volatility::Immutable, Arc::new(between))
        }
        _ => return None,
    };
    Some(Arc::new(made))
}

/// Months since the year 0.
fn index(ym: i64) -> i64 {
    ym.div_euclid(100).saturating_mul(12).saturating_add(ym.rem_euclid(100))
}

/// Applies `f` to one or two columns of whole numbers; NULL gives NULL.
fn map(args: &[ColumnarValue], f: impl Fn((i64, i64)) -> i64) -> datafusion::common::Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(args)?;
    let numbers = |array: &ArrayRef| array.as_primitive_opt::<Int64Type>().cloned();
    let (Some(first), second) = (arrays.first().and_then(numbers), arrays.get(1).and_then(numbers)) else {
        return exec_err!("a function of months takes months");
    };
    let second = second.unwrap_or_else(|| first.clone());
    let pairs = first.iter().zip(second.iter());
    let mapped: Int64Array = pairs.map(|(a, b)| a.zip(b).map(&f)).collect();
    Ok(ColumnarValue::Array(Arc::new(mapped)))
}
