//! From SQL to released files, and from there to proofs.

use std::fs;

use datafusion::{arrow::array::AsArray, parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder};
use visiting_gateway::wire::RunView;

use super::{AT_RISK, BANDS, CONDITIONS, JOINED, Journey, OMOP_COLUMNS, Outcome, PLACES, SUMS, Step, application, done, expect, said};
use crate::{guest, world};

/// The files of a release.
const FILES: [&str; 3] = ["table.csv", "table.parquet", "receipt.note"];

impl Journey {
    /// Runs `sql` under a permit and keeps the released table under `name`.
    fn released(&mut self, name: &str, permit: &str, sql: &str) -> Result<RunView, String> {
        let person = self.as_person("per_hanako")?;
        let asked = person.run(permit, sql).map_err(said)?;
        let run = person.wait(&asked.id).map_err(said)?;
        if run.status != "released" {
            return Err(format!("{} was not released: {:?}", run.id, run.refusal));
        }
        expect(run.files == FILES, "a release has a CSV, a Parquet file and a receipt")?;
        let csv = person.file(&run.id, "table.csv").map_err(said)?;
        self.runs.insert(name.to_owned(), run.id.clone());
        self.report.tables.insert(name.to_owned(), String::from_utf8_lossy(&csv).into_owned());
        Ok(run)
    }

    fn rows(&self, name: &str) -> usize {
        self.report.tables.get(name).map_or(0, |csv| csv.lines().count().saturating_sub(1))
    }

    pub(super) fn run_joined(&mut self) -> Step {
        self.released("joined", &self.permit.clone(), JOINED)?;
        expect(self.rows("joined") > 0, "the joined table is empty")?;
        Ok(Outcome::Done(format!("{} rows", self.rows("joined"))))
    }

    pub(super) fn run_sums(&mut self) -> Step {
        self.released("sums", &self.permit.clone(), SUMS)?;
        expect(self.rows("sums") > 0, "the table of sums is empty")?;
        Ok(Outcome::Done(format!("{} rows", self.rows("sums"))))
    }

    pub(super) fn run_places(&mut self) -> Step {
        self.released("places", &self.permit.clone(), PLACES)?;
        let table = cells(&self.report.tables.get("places").cloned().unwrap_or_default())?;
        let shown = |code: &str| table.iter().any(|row| row.first().is_some_and(|c| c == code));
        expect(shown("99101"), "a city is not shown")?;
        expect(!["99302", "99303", "99304"].into_iter().any(shown), "a municipality of fewer than 2,000 people is shown")?;
        Ok(Outcome::Done(format!("{} of 10 places", self.rows("places"))))
    }

    /// Uploads a guest on the command line, as a file beside its manifest.
    pub(super) fn bind_guest(&mut self) -> Step {
        let (source, folder) = (guest::worked_example()?, self.folder()?);
        let (manifest, module) = (folder.join("risk_band.toml"), folder.join("risk_band.wasm"));
        fs::write(&manifest, source.manifest).map_err(|e| e.to_string())?;
        fs::write(&module, source.module).map_err(|e| e.to_string())?;
        let words = ["guest", "bind", &self.permit, &world::text(&module), "--manifest", &world::text(&manifest)];
        let said_there = self.cli("per_taro", &words)?;
        expect(
            said_there.contains("bound: guest.risk_band(birth_ym, ym, sex, care_level)"),
            "the command line does not say what was bound",
        )?;
        let listed = self.as_person("per_hanako")?.guests(&self.permit).map_err(said)?;
        expect(listed.len() == 1 && listed.iter().all(|g| g.by == "per_taro" && g.status == "bound"), "the guest is not listed")?;
        Ok(Outcome::Done(listed.iter().map(|g| g.guest.clone()).collect()))
    }

    pub(super) fn run_guest(&mut self) -> Step {
        self.released("bands", &self.permit.clone(), BANDS)?;
        self.released("at-risk", &self.permit.clone(), AT_RISK)?;
        let labels: Vec<String> = cells(&self.report.tables.get("bands").cloned().unwrap_or_default())?
            .into_iter()
            .filter_map(|row| row.into_iter().next())
            .collect();
        expect(labels == ["band", "high", "low", "medium"], "the groups are not the declared labels, sorted")?;
        Ok(Outcome::Done(format!("{} and {} rows", self.rows("bands"), self.rows("at-risk"))))
    }

    /// Fetches a file of a named run into the journey's folder.
    fn fetched(&mut self, name: &str, file: &str) -> Result<std::path::PathBuf, String> {
        let run = self.runs.get(name).cloned().ok_or("that run was not released")?;
        let bytes = self.as_person("per_taro")?.file(&run, file).map_err(said)?;
        let path = self.folder()?.join(format!("{name}-{file}"));
        fs::write(&path, bytes).map_err(|e| e.to_string())?;
        Ok(path)
    }

    pub(super) fn parquet(&mut self) -> Step {
        for name in ["joined", "sums"] {
            let path = self.fetched(name, "table.parquet")?;
            let file = fs::File::open(path).map_err(|e| e.to_string())?;
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|b| b.build()).map_err(|e| e.to_string())?;
            let mut lines = Vec::new();
            for batch in reader {
                let batch = batch.map_err(|e| e.to_string())?;
                if lines.is_empty() {
                    lines.push(batch.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>());
                }
                for row in 0..batch.num_rows() {
                    lines.push(batch.columns().iter().map(|c| c.as_string::<i32>().value(row).to_owned()).collect());
                }
            }
            let csv = self.report.tables.get(name).cloned().unwrap_or_default();
            expect(lines == cells(&csv)?, &format!("the Parquet file of `{name}` is another table than its CSV"))?;
        }
        done()
    }

    pub(super) fn receipt(&mut self) -> Step {
        let (table, receipt) = (self.fetched("joined", "table.csv")?, self.fetched("joined", "receipt.note")?);
        let parquet = self.fetched("joined", "table.parquet")?;
        let key = |name: &str| {
            fs::read_to_string(self.setting.home.join("log").join(name)).map(|k| k.trim().to_owned()).map_err(|e| e.to_string())
        };
        let (gate, log) = (key("gate.vkey")?, key("log.vkey")?);
        let verify = |file: &std::path::Path| {
            let words = ["verify", "--receipt", &world::text(&receipt), "--file", &world::text(file), "--key", &gate, "--log-key", &log];
            world::run_tool("visiting-receipt", &words.map(str::to_owned))
        };
        verify(&table)?;
        verify(&parquet)?;
        let changed = self.folder()?.join("changed.csv");
        fs::write(
            &changed,
            fs::read(&table).map_err(|e| e.to_string())?.iter().map(|b| if *b == b'1' { b'2' } else { *b }).collect::<Vec<_>>(),
        )
        .map_err(|e| e.to_string())?;
        expect(verify(&changed).is_err(), "the receipt verifies for a changed table")?;
        done()
    }

    pub(super) fn run_again(&mut self) -> Step {
        for (name, sql) in [("joined", JOINED), ("sums", SUMS)] {
            let before = self.report.tables.get(name).cloned().unwrap_or_default();
            let first = self.runs.get(name).cloned().unwrap_or_default();
            self.released(name, &self.permit.clone(), sql)?;
            expect(self.report.tables.get(name) == Some(&before), &format!("`{name}` gave other bytes the second time"))?;
            expect(self.runs.get(name) != Some(&first), "the second run is the first")?;
        }
        done()
    }

    pub(super) fn run_cli(&mut self) -> Step {
        let text = self.cli("per_taro", &["run", &self.permit, JOINED])?;
        let table = self.report.tables.get("joined").cloned().unwrap_or_default();
        expect(text.starts_with(&table) && text.contains("fetch: table.csv"), "the command line shows another table")?;
        done()
    }

    pub(super) fn omop(&mut self) -> Step {
        let listing = self.as_person("per_hanako")?.listing("omop").map_err(said)?;
        if listing.data_version.is_none() {
            return Ok(Outcome::Skipped("shared: the OMOP set is not beside the workspace (../shared/data/omop_synthea1k)".to_owned()));
        }
        let id = self.confirmed("per_hanako", &application(&["per_hanako", "per_taro"], OMOP_COLUMNS, (190001, 201912))?)?;
        self.approve("per_member1", &id)?;
        let permit = self.approve("per_member4", &id)?.ok_or("two approvals did not grant the permit")?;
        self.as_person("per_hanako")?.wait_extract(&permit).map_err(said)?;
        self.released("conditions", &permit, CONDITIONS)?;
        Ok(Outcome::Done(format!("{} rows of conditions by sex", self.rows("conditions"))))
    }

    pub(super) fn suspend(&mut self) -> Step {
        self.cli("per_ministry", &["suspend", &self.permit, "利用目的外の疑い"])?;
        let permit = self.as_person("per_hanako")?.permit(&self.permit).map_err(said)?;
        expect(permit.status == "suspended" && permit.reason.is_some(), "the permit is not suspended")?;
        done()
    }

    pub(super) fn still_there(&mut self) -> Step {
        for (name, run) in self.runs.clone() {
            let csv = self.as_person("per_hanako")?.file(&run, "table.csv").map_err(said)?;
            expect(self.report.tables.get(&name).map(String::as_bytes) == Some(&csv), &format!("`{name}` changed"))?;
        }
        done()
    }

    pub(super) fn audit(&mut self) -> Step {
        world::audit(&self.setting.home, &self.setting.home.join("log"))?;
        // And as the auditor has it: over the API, into a folder of their own.
        let copy = self.folder()?.join("log");
        let saved = self.cli("per_auditor", &["log", &world::text(&copy)])?;
        world::audit(&self.setting.home, &copy)?;
        Ok(Outcome::Done(saved.trim().to_owned()))
    }
}

/// Rows of a CSV text, header first.
pub(super) fn cells(csv: &str) -> Result<Vec<Vec<String>>, String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    reader.records().map(|r| r.map(|r| r.iter().map(str::to_owned).collect()).map_err(|e| e.to_string())).collect()
}
