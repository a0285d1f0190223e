//! Small files that must not be lost: written beside, synced, renamed.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use ring::rand::{SecureRandom, SystemRandom};
use visiting_policies::{
    refusal::{Code, Refusal},
    seal::SealKey,
    sign::{self, SigningKey},
};

/// Bytes of a seed.
pub const SEED_BYTES: usize = 32;

/// Readable by its owner only: everything we write beside a key is as private as the key.
const PRIVATE: u32 = 0o600;

/// Replaces a file: after a crash it is either the old one or the new one, whole.
///
/// # Errors
/// What the file system says.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // The parent of a bare file name is the empty path, which cannot be opened.
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.tmp"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(PRIVATE).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_folder(folder)
}

/// Makes a rename or a new file in `folder` last.
///
/// # Errors
/// What the file system says.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// `bytes` fresh random bytes.
///
/// # Errors
/// [`Code::OperatorProblem`] when the system has none.
pub fn random<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut out = [0u8; N];
    let fault = |_| Refusal::new(Code::OperatorProblem, "the system gives no random numbers");
    SystemRandom::new().fill(&mut out).map_err(fault)?;
    Ok(out)
}

/// Reads 32 secret bytes written as hexadecimal.
///
/// # Errors
/// [`Code::KeyUnusable`] when the file is missing or is something else.
pub fn read_seed(path: &Path) -> Result<Vec<u8>, Refusal> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fault = || Refusal::new(Code::KeyUnusable, format!("the key file `{name}` cannot be read; `visiting setup` makes it"));
    let text = fs::read_to_string(path).map_err(|_| fault())?;
    unhex(text.trim()).filter(|seed| seed.len() == SEED_BYTES).ok_or_else(fault)
}

/// The signing key in a seed file.
///
/// # Errors
/// [`Code::KeyUnusable`].
pub fn read_key(path: &Path) -> Result<SigningKey, Refusal> {
    SigningKey::from_seed(&read_seed(path)?)
}

/// The key in a file that opens seals.
///
/// # Errors
/// [`Code::KeyUnusable`].
pub fn read_seal_key(path: &Path) -> Result<SealKey, Refusal> {
    SealKey::from_secret(&read_seed(path)?)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: &u8| char::from(*c).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = pair { u8::try_from(digit(high)? * 16 + digit(low)?).ok() } else { None }).collect()
}

/// A random name for one request, for the `Idempotency-Key` header.
///
/// # Errors
/// [`Code::OperatorProblem`] when the system gives no random numbers.
pub fn request_name() -> Result<String, Refusal> {
    Ok(sign::hex(&random::<16>()?))
}
