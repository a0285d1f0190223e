//! What the engine's SQL reader can name: the tables, guests and code lists of the permit, the listed functions, and nothing else.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use datafusion::{
    arrow::datatypes::{DataType, Field, Schema, SchemaRef},
    common::{Result, TableReference, plan_err},
    config::ConfigOptions,
    execution::SessionStateDefaults,
    logical_expr::{
        Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, HigherOrderUDF, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
        Signature as Arguments, TableSource, Volatility, WindowUDF, function::AccumulatorArgs, planner::ContextProvider,
        planner::ExprPlanner,
    },
};
use visiting_catalog::{Column, Kind, codes::CODES};
use visiting_intake::{Form, Manifest, Param};
use visiting_policies::Refusal;

use super::GUESTS;
use super::functions::Functions;
use super::lists::ListSource;
use super::schema::{PermitSchema, SchemaTable, Signature, unknown};

/// Type of a catalogued column in extracts.
pub(crate) fn kind(column: &Column) -> DataType {
    match column.kind {
        Kind::Int => DataType::Int64,
        Kind::Code => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        Kind::Decimal => DataType::Decimal128(18, i8::try_from(column.scale()).unwrap_or(0)),
    }
}

/// Type of the keys, which nothing else has.
const KEY: DataType = DataType::LargeUtf8;

/// True for the type of a key.
pub(crate) fn is_key(kind: &DataType) -> bool {
    *kind == KEY
}

/// A table of the permit as SQL sees it. Keys are texts here, so that every misuse of one is a well-formed expression, and refused
/// as what it is.
#[derive(Debug)]
pub(crate) struct Source {
    /// The table.
    pub(crate) table: SchemaTable,
    schema: SchemaRef,
}

impl Source {
    fn new(table: &SchemaTable) -> Self {
        let key = |name: &str| Field::new(name, KEY, false);
        let keys = std::iter::once(key(&table.table.person)).chain(table.table.sites().map(|(_, name)| key(name)));
        // Whatever a guest makes may be missing.
        let columns = table.table.columns.iter().map(|c| Field::new(&c.name, kind(c), c.domain.is_none() || table.reads.is_some()));
        Self { table: table.clone(), schema: Arc::new(Schema::new(keys.chain(columns).collect::<Vec<_>>())) }
    }
}

impl TableSource for Source {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

/// A guest in a plan: known by its digest. The host's loop takes its place before anything runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct GuestName {
    /// `guest.<name>`.
    pub(crate) name: String,
    /// Digest of manifest and module.
    pub(crate) digest: String,
    arguments: Arguments,
    /// Type of its values.
    pub(crate) kind: DataType,
}

impl GuestName {
    fn new(name: &str, guest: &Signature) -> Self {
        let arguments = match guest.manifest.params.len() {
            0 => Arguments::nullary(Volatility::Immutable),
            _ => Arguments::variadic_any(Volatility::Immutable),
        };
        Self { name: name.to_owned(), digest: guest.digest.clone(), arguments, kind: guest.kind() }
    }
}

impl ScalarUDFImpl for GuestName {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Arguments {
        &self.arguments
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.kind.clone())
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        plan_err!("a guest is run by the host only")
    }
}

/// A guest over groups in a plan. The host calls it once the gate has let a group through.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct GroupName {
    /// `guest.<name>`.
    pub(crate) name: String,
    /// Digest of manifest and module.
    pub(crate) digest: String,
    /// In the order of the call.
    pub(crate) params: Vec<Param>,
    arguments: Arguments,
}

impl GroupName {
    fn new(name: &str, guest: &Signature) -> Self {
        let arguments = Arguments::variadic_any(Volatility::Immutable);
        Self { name: name.to_owned(), digest: guest.digest.clone(), params: guest.manifest.params.clone(), arguments }
    }
}

impl AggregateUDFImpl for GroupName {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Arguments {
        &self.arguments
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        plan_err!("a guest is run by the host only")
    }
}

/// The reader's view of a permit.
pub(super) struct Names<'a> {
    permit: &'a PermitSchema,
    functions: &'a Functions,
    planners: Vec<Arc<dyn ExprPlanner>>,
    options: ConfigOptions,
    sources: RefCell<BTreeMap<String, Arc<Source>>>,
    /// Our own reason for the first name that did not resolve.
    pub(super) refused: RefCell<Option<Refusal>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(permit: &'a PermitSchema, functions: &'a Functions) -> Self {
        Self {
            permit,
            functions,
            planners: SessionStateDefaults::default_expr_planners(),
            options: ConfigOptions::default(),
            sources: RefCell::default(),
            refused: RefCell::default(),
        }
    }

    /// A code list: about nobody, so nothing is kept of it here.
    fn list(&self, name: &str) -> Result<Arc<dyn TableSource>> {
        match self.permit.list(name) {
            Ok(list) => Ok(Arc::new(ListSource::new(list)?)),
            Err(refusal) => self.refuse(refusal),
        }
    }

    fn refuse<T>(&self, refusal: Refusal) -> Result<T> {
        self.refused.borrow_mut().get_or_insert(refusal);
        plan_err!("a name does not resolve")
    }
}

impl ContextProvider for Names<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        let found = match &name {
            TableReference::Partial { schema, table } if &**schema == CODES => return self.list(table),
            TableReference::Partial { schema, table } if &**schema == GUESTS => self.permit.made(table),
            TableReference::Bare { table } => self.permit.table(None, table),
            TableReference::Partial { schema, table } => self.permit.table(Some(schema), table),
            TableReference::Full { .. } => Err(unknown()),
        };
        match found {
            Ok(table) => {
                let mut sources = self.sources.borrow_mut();
                Ok(sources.entry(table.full_name()).or_insert_with(|| Arc::new(Source::new(table))).clone())
            }
            Err(refusal) => self.refuse(refusal),
        }
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.planners
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        if let Some(guest) = name.strip_prefix("guest.") {
            return match self.permit.function(guest) {
                Ok(Signature { manifest: Manifest { form: Form::Group { .. }, .. }, .. }) => None,
                Ok(signature) => Some(Arc::new(ScalarUDF::from(GuestName::new(name, signature)))),
                Err(refusal) => {
                    self.refused.borrow_mut().get_or_insert(refusal);
                    None
                }
            };
        }
        self.functions.scalar(name)
    }

    fn get_higher_order_meta(&self, _: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        if let Some(guest) = name.strip_prefix("guest.") {
            let found = self.permit.guest(guest).ok().filter(|found| matches!(found.manifest.form, Form::Group { .. }));
            return found.map(|guest| Arc::new(AggregateUDF::from(GroupName::new(name, guest))));
        }
        self.functions.aggregate(name)
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.functions.window(name)
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &self.options
    }

    fn udf_names(&self) -> Vec<String> {
        self.functions.names().0
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.functions.names().1
    }

    fn udwf_names(&self) -> Vec<String> {
        self.functions.names().2
    }
}
