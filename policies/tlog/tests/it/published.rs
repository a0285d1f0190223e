//! Trees and cosigned checkpoints that another log wrote (Sunlight's test data), and the examples in the specifications.

use std::{fs, path::Path};

use visiting_tlog::{
    checkpoint::Checkpoint,
    folder::Folder,
    key::{Algorithm, KeyFault, VerifierKey},
    merkle::{Hash, Tree},
    note::{Note, NoteFault},
    read::{ReadFault, Reader},
    store::Store,
    structure::{Seen, StructureFault, verify, verify_hashes},
    tile::{Kind, Tile},
    verify::{verify_consistency, verify_inclusion},
    witness::origin_hash,
};

use crate::given::shared;

fn vkey(witness: &Path) -> VerifierKey {
    let about: serde_json::Value = serde_json::from_slice(&fs::read(witness).unwrap()).unwrap();
    VerifierKey::parse(about["verifier_keys"][0].as_str().unwrap()).unwrap()
}

/// `below` is what lies under the witness's monitoring prefix for the log.
fn cosigned(folder: &Path, about: &str) -> (Checkpoint, u64) {
    let key = vkey(&folder.join(about));
    let monitored: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.join("checkpoint").is_file()).collect();
    let [log] = monitored.iter().filter(|p| p.file_name().unwrap().len() == 64).collect::<Vec<_>>()[..] else { panic!("one log") };
    let note = Note::parse(&fs::read(log.join("checkpoint")).unwrap()).unwrap();
    let valid = note.verify(&[&key]).unwrap();
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    assert_eq!(origin_hash(checkpoint.origin()), log.file_name().unwrap().to_str().unwrap());
    (checkpoint, valid[0].time.unwrap())
}

#[test]
fn cosignatures_of_sunlights_witnesses_verify_and_decoys_are_no_notes() {
    let Some(folder) = shared("sunlight-tree/cmd/skylight/testdata") else { return };
    let (checkpoint, time) = cosigned(&folder.join("witness"), "witness.v0.json");
    assert_eq!((checkpoint.origin(), checkpoint.size(), time), ("rome2026h1.example.org", 300, 1_767_139_200));
    assert_eq!(cosigned(&folder.join("witness2"), "witness.v0.json").0.origin(), "milan2026h1.example.org");
    assert_eq!(cosigned(&folder.join("witness/mirror"), "mirror.v0.json").0.size(), 300);
    for decoy in ["witness/checkpoint", "witness/mirror/checkpoint"] {
        assert_eq!(Note::parse(&fs::read(folder.join(decoy)).unwrap()), Err(NoteFault::Form));
    }
    // A log's signature of type 0x05 stands beside them. "clients MUST ignore unknown signatures."
    let own = Note::parse(&fs::read(folder.join("tree/checkpoint")).unwrap()).unwrap();
    assert!(own.verify(&[&vkey(&folder.join("witness/witness.v0.json"))]).is_err());
}

/// Its tiles are a log's; its bundles are placeholders, which are seen to be none.
#[test]
fn the_mirrored_trees_tiles_lead_to_its_checkpoint() {
    let Some(folder) = shared("sunlight-tree/cmd/skylight/testdata/witness/mirror") else { return };
    let (checkpoint, _) = cosigned(&folder, "mirror.v0.json");
    let tiles = Folder::new(&folder.join(origin_hash(checkpoint.origin())));
    let reader = Reader::new(&tiles, 300);
    assert_eq!(reader.root(300).unwrap(), *checkpoint.root());
    for index in 0..300 {
        let (leaf, proof) = (reader.leaf(index).unwrap(), reader.inclusion(index).unwrap());
        assert!(verify_inclusion(&leaf, index, 300, &proof, checkpoint.root()));
    }
    assert!(verify_consistency(256, &reader.root(256).unwrap(), 300, checkpoint.root(), &reader.consistency(256).unwrap()));
    let fault = verify(&tiles, &checkpoint, None).unwrap_err();
    assert!(matches!(fault, StructureFault::Read(ReadFault::Bundle(..))), "{fault}");
    assert_eq!(verify_hashes(&tiles, &checkpoint, None).unwrap(), Seen { entries: 300, tiles: 3, entry_bytes: 0 });
    let other = Checkpoint::new(checkpoint.origin(), 299, *checkpoint.root()).unwrap();
    assert!(verify_hashes(&tiles, &other, None).is_err());
}

/// Static CT keeps its entries in another format: of these trees the hashes are looked at.
#[test]
fn tiles_of_sunlights_logs_are_read_and_placeholders_are_not() {
    let Some(folder) = shared("sunlight-tree") else { return };
    let tree = folder.join("cmd/skylight/testdata/tree");
    let note = Note::parse(&fs::read(tree.join("checkpoint")).unwrap()).unwrap();
    assert_eq!(Checkpoint::parse(note.text()).unwrap().size(), 300);
    assert!(matches!(Reader::new(Folder::new(&tree), 300).root(300), Err(ReadFault::Length(_))));
    // This one comes without a checkpoint and without upper tiles: four full tiles and an older partial one.
    let tiles = Folder::new(&folder.join("testdata/navigli2025h2"));
    let tile = |width| tiles.read(Tile::new(Kind::Level(0), 3, width).unwrap()).unwrap().unwrap();
    assert!(tile(256).starts_with(&tile(10)));
    let mut tree = Tree::default();
    tile_hashes(&tiles).iter().for_each(|leaf| tree.push(*leaf));
    let reader = Reader::new(&tiles, 256);
    for index in 0..256 {
        assert_eq!(reader.inclusion(index).unwrap(), tree.inclusion(index, 256).unwrap());
    }
    assert_eq!(Reader::new(&tiles, 778).leaf(777).unwrap(), Reader::new(&tiles, 1024).leaf(777).unwrap());
    assert!(matches!(Reader::new(&tiles, 1024).root(1024), Err(ReadFault::Missing(_))));
}

fn tile_hashes(tiles: &Folder) -> Vec<Hash> {
    let bytes = tiles.read(Tile::new(Kind::Level(0), 0, 256).unwrap()).unwrap().unwrap();
    bytes.as_chunks::<32>().0.to_vec()
}

#[test]
fn the_examples_of_the_specifications_read_as_they_say() {
    // signed-note: "The following verifier key ... verifies the following signed note".
    let key = VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").unwrap();
    let text = "This is an example message.\n";
    let signed = format!(
        "{text}\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    );
    let note = Note::parse(signed.as_bytes()).unwrap();
    assert_eq!((note.text(), note.verify(&[&key]).unwrap().len()), (text, 1));
    assert_eq!(note.to_string(), signed);
    // tlog-cosignature: the keys of its example are not published; its form is.
    let cosigned = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n
\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
    let note = Note::parse(cosigned.as_bytes()).unwrap();
    assert_eq!(Checkpoint::parse(note.text()).unwrap().size(), 20_852_163);
    let [log, witness] = note.signatures() else { panic!("two lines") };
    assert_eq!((log.bytes().len(), witness.bytes().len()), (64, 72));
    assert_eq!(witness.bytes()[..8], 1_679_315_147u64.to_be_bytes());
    // A key of a type that is not verified here is told apart from one that is no key.
    let other = "rome2026h1.example.org+915 07526+BQ".replace(' ', "");
    assert_eq!(VerifierKey::parse(&other), Err(KeyFault::Form));
    assert_eq!(VerifierKey::parse("a+00000000+BgAA"), Err(KeyFault::Algorithm(6)));
    assert_eq!(key.algorithm(), Algorithm::Ed25519);
}
