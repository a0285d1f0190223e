//! A permit's order of people, opened as the enclave opens it.

use std::fs;

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hmac,
};
use visiting_gateway::files;
use visiting_tests::world::World;

/// HMAC-SHA256, as the enclave derives its keys.
fn derive(key: &[u8], purpose: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), purpose.as_bytes()).as_ref().to_vec()
}

fn open(key: &[u8], name: &str, sealed: &[u8]) -> Vec<u8> {
    let (nonce, body) = sealed.split_at(12);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    let mut body = body.to_vec();
    key.open_in_place(Nonce::try_assume_unique_for_key(nonce).unwrap(), Aad::from(name.as_bytes()), &mut body).unwrap().to_vec()
}

/// Ledger ordinals of a permit's people in the order of their row ids, opened with the enclave's own seed.
pub(super) fn order(world: &World, permit: &str) -> Vec<[u8; 4]> {
    let enclave = world.home().join("enclave");
    let root = derive(&files::read_seed(&enclave.join("gate.seed")).unwrap(), "visiting gate root v1");
    let key = open(&derive(&root, "wrap"), permit, &fs::read(enclave.join(format!("keys/{permit}.key"))).unwrap());
    let people = open(&key, "people", &fs::read(enclave.join(format!("extracts/{permit}/people"))).unwrap());
    people.chunks_exact(4).map(|c| [c[0], c[1], c[2], c[3]]).collect()
}
