//! The query engine as the enclave uses it: bounded memory, spilling into the enclave's own folder, Parquet that only a key opens.

use std::{path::Path, sync::Arc};

use datafusion::{
    arrow::util::display::array_value_to_string,
    common::config::ConfigFileDecryptionProperties,
    dataframe::DataFrame,
    execution::{
        disk_manager::{DiskManagerBuilder, DiskManagerMode},
        memory_pool::FairSpillPool,
        runtime_env::RuntimeEnvBuilder,
    },
    parquet::{encryption::encrypt::FileEncryptionProperties, file::properties::WriterProperties},
    prelude::{ParquetReadOptions, SessionConfig, SessionContext},
};
use visiting_policies::sign;

use crate::{
    config::{MEMORY_MAX_BYTES, PARTITIONS},
    fault::Fault,
    keys::Key,
};

/// A session with nothing registered in it.
pub(crate) fn session(scratch: &Path) -> Result<SessionContext, Fault> {
    std::fs::create_dir_all(scratch)?;
    let mut config = SessionConfig::new().with_target_partitions(PARTITIONS).with_information_schema(false);
    let options = config.options_mut();
    // People are the small side of every join; keeping the other side in file order keeps each person's rows together.
    options.optimizer.hash_join_single_partition_threshold = MEMORY_MAX_BYTES / 8;
    options.optimizer.hash_join_single_partition_threshold_rows = 20_000_000;
    options.optimizer.repartition_file_scans = false;
    // A partition that took files of another would bring its people out of order.
    options.execution.enable_file_stream_work_stealing = false;
    options.execution.parquet.pushdown_filters = true;
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Directories(vec![scratch.to_owned()]));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(MEMORY_MAX_BYTES))).with_disk_manager_builder(disk);
    Ok(SessionContext::new_with_config_rt(config, Arc::new(runtime.build()?)))
}

/// A table of Parquet files; `key` and `name` where they are encrypted.
pub(crate) async fn read(session: &SessionContext, files: Vec<String>, seal: Option<(&Key, &str)>) -> Result<DataFrame, Fault> {
    let mut options = ParquetReadOptions::default();
    if let Some((key, name)) = seal {
        options.file_decryption_properties = Some(ConfigFileDecryptionProperties {
            footer_key_as_hex: sign::hex(key.bytes()),
            aad_prefix_as_hex: sign::hex(name.as_bytes()),
            ..ConfigFileDecryptionProperties::default()
        });
    }
    Ok(session.read_parquet(files, options).await?)
}

/// All rows as text.
pub(crate) async fn texts(rows: DataFrame) -> Result<Vec<Vec<String>>, Fault> {
    let mut out = Vec::new();
    for batch in rows.collect().await? {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| array_value_to_string(column, row));
            out.push(cells.collect::<Result<_, _>>().map_err(|e| Fault::Other(e.to_string()))?);
        }
    }
    Ok(out)
}

/// How extract files are written: encrypted whole, footer included, bound to their table's name.
pub(crate) fn sealed_writer(key: &Key, name: &str) -> Result<WriterProperties, Fault> {
    let encryption = FileEncryptionProperties::builder(key.bytes().to_vec()).with_aad_prefix(name.as_bytes().to_vec()).build()?;
    Ok(WriterProperties::builder().with_file_encryption_properties(encryption).set_max_row_group_row_count(None).build())
}
