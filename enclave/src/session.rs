//! From typed relations to rows: scans of the permit's extract in the place of its tables, released tables in the place of release
//! points, the host's own loop in the place of guests. Nothing else can be read: what the engine is about to run is looked at again.

use std::{collections::BTreeMap, sync::Arc};

use datafusion::{
    arrow::{array::RecordBatch, datatypes::SchemaRef},
    catalog::MemTable,
    common::{
        DataFusionError, Result, ScalarValue, TableReference, plan_err,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    datasource::provider_as_source,
    execution::SendableRecordBatchStream,
    logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableScan, expr::ScalarFunction},
    physical_plan::{ExecutionPlan, displayable, execute_stream, execute_stream_partitioned},
    prelude::SessionContext,
};

use crate::{
    certain, engine,
    extract::Extract,
    fault::Fault,
    guest::{self, Made, shelf::Guests},
    plan::GuestName,
    unit::released_scan,
};

/// Everything that a run's plans can read.
pub(crate) struct Session<'a> {
    context: SessionContext,
    guests: &'a Guests,
    /// Scans of the extract's tables, by `listing.table`.
    tables: BTreeMap<String, LogicalPlan>,
    released: Vec<Arc<MemTable>>,
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("tables", &self.tables.keys()).finish_non_exhaustive()
    }
}

impl<'a> Session<'a> {
    /// A session over these tables of an extract.
    pub(crate) async fn open(
        scratch: &std::path::Path,
        extract: &Extract,
        names: impl Iterator<Item = &String>,
        guests: &'a Guests,
    ) -> Result<Self, Fault> {
        let context = engine::session(scratch)?;
        let mut tables = BTreeMap::new();
        for name in names {
            let rows = engine::read(&context, extract.files(name), Some((&extract.key, name))).await?;
            tables.insert(name.clone(), rows.into_unoptimized_plan());
        }
        Ok(Self { context, guests, tables, released: Vec::new() })
    }

    /// Makes the tables of guests: each reads the extract and no other of them.
    pub(crate) async fn make(&mut self, made: &[Made]) -> Result<(), Fault> {
        let mut plans = Vec::with_capacity(made.len());
        for Made { name, digest, reads, .. } in made {
            let guest = self.guests.get(digest).ok_or_else(|| Fault::Other("a guest that is not compiled".to_owned()))?;
            let (schema, rows) = guest::make(guest, reads, self.ordered(&reads.rows).await?).await?;
            let table = MemTable::try_new(schema, vec![rows])?;
            let source = provider_as_source(Arc::new(table));
            plans.push((name.clone(), LogicalPlanBuilder::scan(name.as_str(), source, None)?.build()?));
        }
        self.tables.extend(plans);
        Ok(())
    }

    /// Adds the table of the next release point.
    pub(crate) fn release(&mut self, schema: SchemaRef, rows: RecordBatch) -> Result<(), Fault> {
        self.released.push(Arc::new(MemTable::try_new(schema, vec![vec![rows]])?));
        Ok(())
    }

    /// The rows of a release point. One stream a partition.
    pub(crate) async fn rows(&self, plan: &LogicalPlan) -> Result<Vec<SendableRecordBatchStream>, Fault> {
        let physical = self.physical(plan).await?;
        execute_stream_partitioned(physical, self.context.task_ctx()).map_err(Fault::from).map_err(Fault::in_rows)
    }

    /// The rows of a plan in its own order.
    pub(crate) async fn ordered(&self, plan: &LogicalPlan) -> Result<SendableRecordBatchStream, Fault> {
        let physical = self.physical(plan).await?;
        execute_stream(physical, self.context.task_ctx()).map_err(Fault::from).map_err(Fault::in_rows)
    }

    /// The result of what stands above the release points, in its own order.
    pub(crate) async fn result(&self, plan: &LogicalPlan) -> Result<Vec<RecordBatch>, Fault> {
        let physical = self.physical(plan).await?;
        self.collect(physical).await
    }

    async fn physical(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>, Fault> {
        let plan = self.with_numbers(plan).await?;
        self.planned(plan).await
    }

    /// What the engine makes of a plan, looked at twice: as expressions after everything that it added, and as operators.
    async fn planned(&self, plan: LogicalPlan) -> Result<Arc<dyn ExecutionPlan>, Fault> {
        let state = self.context.state();
        let best = state.optimize(&self.bind(plan)?)?;
        certain::check(&best)?;
        let physical = state.query_planner().create_physical_plan(&best, &state).await?;
        check(&physical)?;
        Ok(physical)
    }

    async fn collect(&self, physical: Arc<dyn ExecutionPlan>) -> Result<Vec<RecordBatch>, Fault> {
        datafusion::physical_plan::collect(physical, self.context.task_ctx()).await.map_err(Fault::from).map_err(Fault::in_rows)
    }

    /// Released numbers in the place of scalar subqueries: below, they are literals.
    async fn with_numbers(&self, plan: &LogicalPlan) -> Result<LogicalPlan, Fault> {
        let mut found: Vec<(Expr, LogicalPlan)> = Vec::new();
        plan.apply_with_subqueries(|node| {
            node.apply_expressions(|e| {
                e.apply(|n| {
                    if let Expr::ScalarSubquery(s) = n
                        && !found.iter().any(|(e, _)| e == n)
                    {
                        found.push((n.clone(), s.subquery.as_ref().clone()));
                    }
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })?;
        let mut values = Vec::with_capacity(found.len());
        for (e, subquery) in found {
            let inner = Box::pin(self.with_numbers(&subquery)).await?;
            let physical = self.planned(inner).await?;
            let rows = self.collect(physical.clone()).await?;
            let first = rows.iter().find(|b| b.num_rows() > 0);
            let kind = physical.schema().field(0).data_type().clone();
            let value = match first {
                Some(batch) => ScalarValue::try_from_array(batch.column(0), 0)?,
                None => ScalarValue::try_from(&kind)?,
            };
            values.push((e, value));
        }
        let turned = plan.clone().transform_up_with_subqueries(|node| {
            node.map_expressions(|e| {
                e.transform(|n| {
                    let value = values.iter().find(|(e, _)| *e == n).map(|(_, v)| v.clone());
                    Ok(value.map_or_else(|| Transformed::no(n), |v| Transformed::yes(Expr::Literal(v, None))))
                })
            })
        })?;
        Ok(turned.data)
    }

    /// The plan over real tables and real guests.
    fn bind(&self, plan: LogicalPlan) -> Result<LogicalPlan, Fault> {
        let bound = plan.transform_up_with_subqueries(|node| {
            let node = match node {
                LogicalPlan::TableScan(scan) => return self.scan(&scan).map(Transformed::yes),
                other => other,
            };
            node.map_expressions(|e| e.transform_up(|n| self.guest(n)))
        })?;
        Ok(bound.data)
    }

    fn scan(&self, scan: &TableScan) -> Result<LogicalPlan> {
        let name = scan.table_name.table();
        if let Some(number) = released_scan(name) {
            let Some(table) = self.released.get(number) else { return plan_err!("a release point that is not judged yet") };
            return LogicalPlanBuilder::scan(scan.table_name.clone(), provider_as_source(table.clone()), None)?.build();
        }
        let Some(rows) = self.tables.get(name) else { return plan_err!("a table that the extract does not have") };
        LogicalPlanBuilder::from(rows.clone()).alias(TableReference::bare(name.to_owned()))?.build()
    }

    fn guest(&self, e: Expr) -> Result<Transformed<Expr>> {
        let Expr::ScalarFunction(ScalarFunction { func, args }) = e else { return Ok(Transformed::no(e)) };
        match func.inner().downcast_ref::<GuestName>() {
            None => Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args }))),
            Some(name) => match self.guests.get(&name.digest) {
                Some(guest) => Ok(Transformed::yes(guest.udf().call(args))),
                None => Err(DataFusionError::Plan("a guest that is not compiled".to_owned())),
            },
        }
    }
}

/// Operators that a bound plan can come to. A scan of anything but memory and the extract's Parquet files, a write, or an operator
/// that a later engine learns, is not run before somebody has decided about it.
const OPERATORS: &[&str] = &[
    "AggregateExec",
    "BoundedWindowAggExec",
    "CoalesceBatchesExec",
    "CoalescePartitionsExec",
    "CooperativeExec",
    "CrossJoinExec",
    "DataSourceExec",
    "EmptyExec",
    "FilterExec",
    "GlobalLimitExec",
    "HashJoinExec",
    "InterleaveExec",
    "LocalLimitExec",
    "NestedLoopJoinExec",
    "PlaceholderRowExec",
    "ProjectionExec",
    "RepartitionExec",
    "SortExec",
    "SortExec(TopK)",
    "SortMergeJoinExec",
    "SortPreservingMergeExec",
    "UnionExec",
    "WindowAggExec",
];

fn check(plan: &Arc<dyn ExecutionPlan>) -> Result<(), Fault> {
    if !OPERATORS.contains(&plan.name()) {
        return Err(Fault::Other(format!("the engine planned {}, which is not on the list", plan.name())));
    }
    if plan.name() == "DataSourceExec" {
        let text = displayable(plan.as_ref()).one_line().to_string();
        if !text.contains("file_type=parquet") && !text.contains("partitions=") {
            return Err(Fault::Other("the engine planned a scan of something else".to_owned()));
        }
    }
    plan.children().into_iter().try_for_each(check)
}
