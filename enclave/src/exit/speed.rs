//! How fast evidence and gate are alone, over rows as extracts give them: `cargo test --release --workspace exit_speed -- --ignored --nocapture`.

use std::{sync::Arc, time::Instant};

use datafusion::{
    arrow::{
        array::{ArrayRef, DictionaryArray, Int64Array, RecordBatch, StringArray, UInt32Array},
        datatypes::{Field, Int32Type, Schema},
    },
    datasource::MemTable,
    prelude::{SessionConfig, SessionContext},
};
use visiting_policies::disclosure::{Applied, Rules};

use super::{Context, Desk, Ledger, gather, samples::question};
use crate::{
    known::Known,
    question::{Question, Statistic},
};

/// Rows of a batch, as the engine reads them.
const BATCH: usize = 8192;

/// Person, prefecture, month, disease, points: about 6.5 rows a person.
fn batches(people: std::ops::Range<u32>, codes: &ArrayRef) -> Vec<RecordBatch> {
    let mut state = u64::from(people.start) + 1;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 33
    };
    let (mut unit, mut pref, mut month, mut disease, mut points) = (vec![], vec![], vec![], vec![], vec![]);
    for person in people {
        let home = (next() % 47) as i64 + 1;
        for _ in 0..next() % 14 {
            unit.push(person);
            pref.push(home);
            month.push(202_401 + (next() % 12) as i64);
            disease.push((next() % 300) as i32);
            points.push((next() % 5000) as i64);
        }
    }
    let place = |at: usize| {
        let to = (at + BATCH).min(unit.len());
        let keys = datafusion::arrow::array::Int32Array::from(disease[at..to].to_vec());
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from(unit[at..to].to_vec())),
            Arc::new(Int64Array::from(pref[at..to].to_vec())),
            Arc::new(Int64Array::from(month[at..to].to_vec())),
            Arc::new(DictionaryArray::<Int32Type>::try_new(keys, codes.clone()).unwrap()),
            Arc::new(Int64Array::from(points[at..to].to_vec())),
        ];
        let names = ["unit", "pref", "month", "disease", "points"];
        let fields = names.iter().zip(&columns).map(|(n, c)| Field::new(*n, c.data_type().clone(), true)).collect::<Vec<_>>();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    };
    (0..unit.len()).step_by(BATCH).map(place).collect()
}

const SHAPES: &[(&str, &[&str], bool)] = &[
    ("by pref", &["pref"], true),
    ("by pref, month", &["pref", "month"], true),
    ("by disease", &["disease"], true),
    ("by pref, month, disease", &["pref", "month", "disease"], true),
    ("total", &[], true),
    ("people by pref", &["pref"], false),
];

#[test]
#[ignore = "a measurement of half a minute, not a test"]
fn exit_speed() {
    let codes: ArrayRef = Arc::new(StringArray::from((0..300).map(|i| format!("I{i}")).collect::<Vec<_>>()));
    for people in [152_500u32, 1_525_000] {
        let parts = vec![batches(0..people / 2, &codes), batches(people / 2..people, &codes)];
        let rows: usize = parts.iter().flatten().map(RecordBatch::num_rows).sum();
        let ordinals: Vec<u32> = (0..people).map(|u| u.wrapping_mul(2_654_435_761)).collect();
        println!("{rows} rows, {people} people, in memory");
        for (name, keys, summed) in SHAPES {
            measure(name, keys, *summed, &parts, &ordinals);
        }
    }
}

fn measure(name: &str, keys: &[&str], summed: bool, parts: &[Vec<RecordBatch>], ordinals: &[u32]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let statistics = if summed { vec![Statistic::People(None), Statistic::Sum(0)] } else { vec![Statistic::People(None)] };
    let named: Vec<(&str, i64)> = keys.iter().map(|k| (*k, 1_000_000)).collect();
    let question: Question = question(&named, if summed { &["points"] } else { &[] }, &statistics);
    let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2));
    let table = MemTable::try_new(parts[0][0].schema(), parts.to_vec()).unwrap();
    session.register_table("claims", Arc::new(table)).unwrap();
    let list = |tail: &[&str]| ["unit"].iter().chain(keys).chain(tail).copied().collect::<Vec<_>>().join(", ");
    let rows = format!("SELECT {} FROM claims", list(if summed { &["points"] } else { &[] }));
    let by = if keys.is_empty() { String::new() } else { format!(" GROUP BY {}", keys.join(", ")) };
    let raw = |aggregates: &str| format!("SELECT {aggregates} FROM claims{by}");
    let (mut evidence, mut gate, mut plain, mut distinct) = (vec![], vec![], vec![], vec![]);
    for _ in 0..5 {
        let start = Instant::now();
        let ledger = Ledger { people: ordinals, facility: &|id| id, least: 10 };
        let cells = runtime.block_on(async {
            let streams = session.sql(&rows).await.unwrap().execute_stream_partitioned().await.unwrap();
            gather(streams, &question, &ledger).await.unwrap()
        });
        evidence.push(start.elapsed());
        let start = Instant::now();
        let applied = Applied::from(Rules { people_min: 10, facilities_min: 0, round_to: 10, dominance_percent: 10 });
        let known = Known::default();
        let mut desk = Desk::new(&known);
        let protected = desk.judge(&Context { question: &question, rules: &applied, versions: "v1" }, &cells).unwrap();
        gate.push(start.elapsed());
        assert!(!protected.rows.is_empty());
        drop((cells, desk));
        for (times, aggregates) in
            [(&mut plain, if summed { "count(*), sum(points)" } else { "count(*)" }), (&mut distinct, "count(distinct unit)")]
        {
            let start = Instant::now();
            runtime.block_on(async { session.sql(&raw(aggregates)).await.unwrap().collect().await.unwrap() });
            times.push(start.elapsed());
        }
    }
    let middle = |times: &mut Vec<std::time::Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1000.0
    };
    let (evidence, gate, plain, distinct) = (middle(&mut evidence), middle(&mut gate), middle(&mut plain), middle(&mut distinct));
    println!("{name}: evidence {evidence:.1} ms, gate {gate:.1} ms; raw without people {plain:.1} ms, counting people {distinct:.1} ms");
}
