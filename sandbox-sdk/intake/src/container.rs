//! A guest as one document: manifest and module in one canonical sequence of bytes, kept under its digest.

/// What a container begins with, so that it is never anything else's bytes.
const FIRST_LINE: &[u8] = b"visiting guest 1\n";

/// Manifest and module as one document: the first line, the manifest's length in decimal on a line, manifest, module.
#[must_use]
pub fn container(manifest: &str, module: &[u8]) -> Vec<u8> {
    let length = format!("{}\n", manifest.len());
    [FIRST_LINE, length.as_bytes(), manifest.as_bytes(), module].concat()
}

/// Manifest and module of a container; `None` where the bytes are not the one container of any.
#[must_use]
pub fn open(container: &[u8]) -> Option<(String, Vec<u8>)> {
    let rest = container.strip_prefix(FIRST_LINE)?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (length, rest) = (rest.get(..end)?, rest.get(end + 1..)?);
    let (manifest, module) = rest.split_at_checked(std::str::from_utf8(length).ok()?.parse().ok()?)?;
    let manifest = std::str::from_utf8(manifest).ok()?;
    // `+7` and `007` are lengths too, but not the ones that `container` writes.
    (self::container(manifest, module) == container).then(|| (manifest.to_owned(), module.to_owned()))
}

/// `sha256:…` over the container.
pub(crate) fn digest(manifest: &str, module: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, &container(manifest, module));
    digest.as_ref().iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_opened_and_only_a_container() {
        let bytes = container("名\n", b"\0asm\n");
        assert_eq!(open(&bytes), Some(("名\n".to_owned(), b"\0asm\n".to_vec())));
        for wrong in [
            "visiting guest 1\n+1\nab",
            "visiting guest 1\n01\nab",
            "visiting guest 1\n9\nab",
            "visiting guest 2\n1\nab",
            "",
            "visiting guest 1\n",
        ] {
            assert_eq!(open(wrong.as_bytes()), None, "{wrong}");
        }
        assert_ne!(digest("a", b"bc"), digest("ab", b"c"));
    }
}
