//! Every parser against its seeds, whole and damaged, without a fuzzer: the same damage at each run.
//!
//! `tests/seeds/PARSER/` has what each parser must understand; the fuzzer begins with it too (`scripts/fuzz`).
//! `CROW_UPDATE_SEEDS=1 cargo test --test mutations` makes the seeds anew, which a change of the pipe's language needs.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

#[expect(unreachable_pub, reason = "the fuzzer's package shares them")]
mod parsers;
#[path = "parsers/seeds.rs"]
mod seeds;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use parsers::{PARSERS, Parser};

/// How many damaged inputs a parser is given, and one that draws a whole picture of each.
const DAMAGED: usize = 1500;
const PICTURES: usize = 120;
const DRAWN: [&str; 5] = ["pcap", "pcapng", "pipe_to_app", "filter", "event_log"];

/// The most that seeds and corpus may take in the repository, in bytes.
const MAX_SEEDS: u64 = 500 << 10;
const MAX_CORPUS: u64 = 1 << 20;

fn folder(of: &str, parser: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of).join(parser)
}

/// The files of a folder in order, with their names.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn every_parser_understands_its_seeds() {
    if std::env::var_os("CROW_UPDATE_SEEDS").is_some() {
        for (parser, name, bytes) in seeds::all() {
            fs::create_dir_all(folder("tests/seeds", parser)).unwrap();
            fs::write(folder("tests/seeds", parser).join(name), bytes).unwrap();
        }
    }
    let mut size = 0;
    for (name, parser) in PARSERS {
        let seeds = files(&folder("tests/seeds", name));
        assert!(seeds.len() >= 2, "{name} has seeds");
        for (seed, bytes) in seeds {
            size += bytes.len() as u64;
            assert!(parser(&bytes), "{name} does not understand its seed {seed}; is it of an older Crow?");
        }
    }
    assert!(size <= MAX_SEEDS, "{size} bytes of seeds");
}

/// What `scripts/fuzz --minimise` has kept of a parser, each behind its length (u32, little-endian).
fn kept(parser: &str) -> Vec<Vec<u8>> {
    let packed = fs::read(folder("tests/fuzz/corpus", &format!("{parser}.inputs"))).unwrap_or_default();
    let (mut rest, mut inputs) = (&packed[..], Vec::new());
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let (input, after) = after.split_at(u32::from_le_bytes(*len).try_into().unwrap());
        inputs.push(input.to_vec());
        rest = after;
    }
    assert!(rest.is_empty(), "{parser}: whole inputs");
    inputs
}

#[test]
fn every_parser_survives_what_the_fuzzer_found() {
    let (mut size, mut minimised) = (0, 0);
    for (name, parser) in PARSERS {
        let inputs = kept(name);
        // A parser that is younger than the last `scripts/fuzz --minimise` has none.
        if !inputs.is_empty() {
            assert!(inputs.len() >= 20, "{name}: the fuzzer has found {} inputs", inputs.len());
            minimised += 1;
        }
        let understood = inputs.iter().enumerate().filter(|(number, bytes)| {
            size += bytes.len() as u64;
            survives(name, parser, &format!("kept-{number}"), bytes)
        });
        assert!(understood.count() > 0 || inputs.is_empty(), "{name} understands some of it");
        // What has made it panic.
        for (file, bytes) in files(&folder("tests/fuzz/corpus", name)) {
            size += bytes.len() as u64;
            survives(name, parser, &file, &bytes);
        }
    }
    assert!(size <= MAX_CORPUS, "{size} bytes of corpus");
    assert!(minimised >= 15, "{minimised} parsers have a corpus");
}

#[test]
fn every_parser_survives_damage() {
    for (name, parser) in PARSERS {
        let seeds = files(&folder("tests/seeds", name));
        let mut dice = Dice(0x43_72_6f_77);
        let mut understood = 0;
        for number in 0..if DRAWN.contains(&name) { PICTURES } else { DAMAGED } {
            let (seed, bytes) = &seeds[number % seeds.len()];
            let other = &seeds[dice.below(seeds.len())].1;
            // Whole recordings take long to read; their beginnings have every kind of block.
            let damaged = damage(&bytes[..bytes.len().min(4096)], other, &mut dice);
            understood += usize::from(survives(name, parser, seed, &damaged));
        }
        assert!(understood > 0, "damage that leaves nothing to read tries nothing: {name}");
    }
}

/// Runs `parser`; where it panics, keeps the bytes in a file and names that.
fn survives(name: &str, parser: Parser, seed: &str, bytes: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| parser(bytes))).unwrap_or_else(|_| {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{seed}.bin"));
        fs::write(&kept, bytes).unwrap();
        panic!("{name} panics on the bytes in {} (from {seed})", kept.display())
    })
}

/// `bytes` with one to four kinds of damage.
fn damage(bytes: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.below(4) {
        let place = dice.below(bytes.len());
        let span = dice.below(16).min(bytes.len() - place);
        match dice.below(8) {
            _ if bytes.is_empty() => bytes.extend(other),
            0 => bytes[place] ^= 1 << dice.below(8),
            1 => bytes[place] = [0, 1, 0x7f, 0x80, 0xc0, 0xfe, 0xff][dice.below(7)],
            2 => bytes.truncate(place),
            3 => drop(bytes.drain(place..place + span)),
            4 => bytes.splice(place..place, vec![dice.next().to_le_bytes()[0]; span]).for_each(drop),
            // Numbers of two and four bytes at the ends of their ranges: lengths and counts.
            5 => overwrite(&mut bytes[place..], &[0xff; 4][..2 << dice.below(2)]),
            6 => overwrite(&mut bytes[place..], &dice.next().to_be_bytes()[..4]),
            _ => {
                let from = dice.below(other.len());
                overwrite(&mut bytes[place..], &other[from..][..(other.len() - from).min(span)]);
            }
        }
    }
    bytes
}

fn overwrite(bytes: &mut [u8], with: &[u8]) {
    for (byte, with) in bytes.iter_mut().zip(with) {
        *byte = *with;
    }
}

/// `SplitMix64`: the same numbers at each run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 when that is 0.
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap()
    }
}
