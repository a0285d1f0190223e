//! Two other implementations say the same: `tlog_tiles` with `signed_note` (ports of Go's), and `ct-merkle`.

use ct_merkle::{InclusionProof, mem_backed_tree::MemoryBackedTree};
use sha2::Sha256;
use signed_note::{Note as OtherNote, Signer as _, StandardSigner, StandardVerifier, Verifier as _, VerifierList};
use tlog_tiles::{Hash as OtherHash, TileHashReader, TileReader};
use visiting_tlog::{
    checkpoint::Checkpoint,
    key::{Algorithm, SecretKey},
    merkle::{Hash, Tree, leaf_hash},
    note::Note,
    read::Reader,
    store::{Memory, Store},
    tile::{Kind, Tile},
    verify::{verify_consistency, verify_inclusion},
};

use crate::given::{ORIGIN, Seeded, log};

/// Our tiles, handed to the other reader.
struct Ours<'a>(&'a Memory);

impl TileReader for Ours<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let ours = |tile: &tlog_tiles::Tile| {
            let width = u16::try_from(tile.width()).unwrap();
            self.0.read(Tile::new(Kind::Level(tile.level()), tile.level_index(), width).unwrap()).unwrap().unwrap()
        };
        Ok(tiles.iter().map(ours).collect())
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

fn plain(hashes: &[OtherHash]) -> Vec<Hash> {
    hashes.iter().map(|hash| hash.0).collect()
}

#[test]
fn tlog_tiles_computes_the_same_proofs_from_our_tiles() {
    let mut seeded = Seeded::new("tlog_tiles");
    for size in [1, 2, 255, 256, 257, 1000, 65_536, 66_000] {
        let (store, checkpoint) = log(&seeded.entries(size));
        let (ours, root) = (Reader::new(&store, size), OtherHash(*checkpoint.root()));
        let tiles = Ours(&store);
        let other = TileHashReader::new(size, root, &tiles);
        assert_eq!(tlog_tiles::tree_hash(size, &other).unwrap().0, *checkpoint.root());
        for _ in 0..30 {
            let (index, old) = (seeded.below(size), 1 + seeded.below(size));
            let included = tlog_tiles::prove_record(size, index, &other).unwrap();
            assert_eq!(plain(&included), ours.inclusion(index).unwrap(), "{index} of {size}");
            let grown = tlog_tiles::prove_tree(size, old, &other).unwrap();
            assert_eq!(plain(&grown), ours.consistency(old).unwrap(), "{old} to {size}");
            let old_root = ours.root(old).unwrap();
            tlog_tiles::check_tree(&grown, size, root, old, OtherHash(old_root)).unwrap();
        }
    }
}

#[test]
fn both_believe_and_refuse_the_same_proofs() {
    let mut seeded = Seeded::new("proofs");
    let mut tree = Tree::default();
    let leaves: Vec<Hash> = seeded.entries(300).iter().map(|entry| leaf_hash(entry)).collect();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    let mut believed = 0;
    for _ in 0..20_000 {
        let size = 1 + seeded.below(300);
        let (old, index) = (1 + seeded.below(size), seeded.below(size));
        let mut proof = if seeded.below(2) == 0 { tree.inclusion(index, size) } else { tree.consistency(old, size) }.unwrap();
        let (mut size, mut index, mut old) = (size, index, old);
        match seeded.below(8) {
            0 => size = 1 + seeded.below(300),
            1 => index = seeded.below(300),
            2 => old = 1 + seeded.below(300),
            3 => proof.push([9; 32]),
            4 => drop(proof.pop()),
            5 if proof.len() > 1 => proof.swap(0, 1),
            _ => {}
        }
        let (root, old_root) = (tree.root(size).unwrap(), tree.root(old).unwrap());
        let leaf = leaves[usize::try_from(index).unwrap()];
        let other: Vec<_> = proof.iter().map(|hash| OtherHash(*hash)).collect();
        let ours = verify_inclusion(&leaf, index, size, &proof, &root);
        let theirs = tlog_tiles::check_record(&other, size, OtherHash(root), index, OtherHash(leaf)).is_ok();
        assert_eq!(ours, theirs, "leaf {index} of {size}");
        let ours_grown = verify_consistency(old, &old_root, size, &root, &proof);
        let theirs = tlog_tiles::check_tree(&other, size, OtherHash(root), old, OtherHash(old_root)).is_ok();
        assert_eq!(ours_grown, theirs, "{old} to {size}");
        believed += u32::from(ours) + u32::from(ours_grown);
    }
    assert!(believed > 5_000, "{believed}");
}

#[test]
fn ct_merkle_has_the_same_roots_and_proofs() {
    let mut seeded = Seeded::new("ct-merkle");
    let entries = seeded.entries(600);
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for (size, entry) in (1u64..).zip(&entries) {
        theirs.push(entry.clone());
        if size % 37 != 0 && !size.is_power_of_two() {
            continue;
        }
        let (store, checkpoint) = log(&entries[..usize::try_from(size).unwrap()]);
        let ours = Reader::new(&store, size);
        assert_eq!(theirs.root().as_bytes()[..], checkpoint.root()[..]);
        for _ in 0..10 {
            let (index, old) = (seeded.below(size), 1 + seeded.below(size));
            let included = ours.inclusion(index).unwrap();
            assert_eq!(theirs.prove_inclusion(usize::try_from(index).unwrap()).as_bytes(), included.concat());
            let proof = InclusionProof::try_from_bytes(included.concat()).unwrap();
            theirs.root().verify_inclusion(&entries[usize::try_from(index).unwrap()], index, &proof).unwrap();
            if old < size {
                let grown = theirs.prove_consistency(usize::try_from(size - old).unwrap());
                assert_eq!(grown.as_bytes(), ours.consistency(old).unwrap().concat());
            }
        }
    }
}

#[test]
fn paths_are_the_same_in_both() {
    let mut seeded = Seeded::new("paths");
    for _ in 0..5_000 {
        let (level, index, width) = (seeded.below(8), seeded.next() >> (8 + seeded.below(50)), 1 + seeded.below(256));
        let (level, width) = (u8::try_from(level).unwrap(), u16::try_from(width).unwrap());
        let ours = Tile::new(Kind::Level(level), index, width).unwrap().to_string();
        // The other one writes the height into its paths, as Go's checksum database does.
        let theirs = tlog_tiles::Tile::new(8, level, index, u32::from(width), false).path();
        assert_eq!(theirs.replacen("tile/8/", "tile/", 1), ours);
    }
}

#[test]
fn notes_of_each_are_read_by_the_other() {
    let mut seeded = Seeded::new("notes");
    for round in 0..50u8 {
        let seed = [round; 32];
        let name = format!("log{round}.example/a");
        let skey = SecretKey::text(&name, Algorithm::Ed25519, &seed).unwrap();
        let (ours, theirs) = (SecretKey::parse(&skey).unwrap(), StandardSigner::new(&skey).unwrap());
        let vkey = ours.verifier().to_string();
        let verifier = StandardVerifier::new(&vkey).unwrap();
        assert_eq!((verifier.name(), verifier.key_id()), (ours.verifier().name(), ours.verifier().id()));
        let text = format!("{ORIGIN}\n{}\n\nmore 日本語\n", seeded.next());
        let known = VerifierList::new(vec![Box::new(verifier)]);
        let note = Note::sign(&text, &[&ours]).unwrap();
        let read = OtherNote::from_bytes(note.to_string().as_bytes()).unwrap();
        assert_eq!(read.verify(&known).unwrap().0.len(), 1);
        assert_eq!(theirs.sign(text.as_bytes()).unwrap(), note.signatures()[0].bytes());
        let mut other = OtherNote::new(text.as_bytes(), &[]).unwrap();
        other.add_sigs(&[&theirs]).unwrap();
        assert_eq!(other.to_bytes(), note.to_string().into_bytes());
    }
}

#[test]
fn checkpoints_are_read_alike() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    for text in [
        format!("a\n1\n{root}\n"),
        format!("a\n0\n{root}\n"),
        format!("a\n01\n{root}\n"),
        format!("\n1\n{root}\n"),
        format!("a\n-1\n{root}\n"),
        format!("a\n+1\n{root}\n"),
        format!("a\n1\n{root}"),
        format!("a\n1\n{root}\nx\n"),
        format!("a\n1\n{root}\n\n"),
        format!("a\n1\n{root}\nx\n\ny\n"),
        format!("a\n1\n{}\n", &root[4..]),
        "a\n1\n".to_owned(),
        format!("a\n1\n{root}\n\nx\n"),
        format!(" a \n1\n{root}\n"),
        String::new(),
        "\n\n\n".to_owned(),
    ] {
        let ours = Checkpoint::parse(&text);
        let theirs = tlog_tiles::Checkpoint::from_bytes(text.as_bytes());
        assert_eq!(ours.is_ok(), theirs.is_ok(), "{text:?}");
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            assert_eq!((ours.origin(), ours.size(), *ours.root()), (theirs.origin(), theirs.size(), theirs.hash().0));
            assert_eq!(ours.to_string().into_bytes(), theirs.to_bytes());
        }
    }
}
