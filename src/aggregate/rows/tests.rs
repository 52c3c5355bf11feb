//! Rows against a sorted map, and what they share.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

impl<R> std::ops::Index<usize> for Rows<R> {
    type Output = Arc<R>;

    fn index(&self, index: usize) -> &Arc<R> {
        self.get(index).unwrap()
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Numbered(u16, u16);

impl Row for Numbered {
    type Key = u16;
    type Sought = u16;

    fn sought(key: &u16) -> u16 {
        *key
    }
}

fn changes(batch: &BTreeMap<u16, Option<u16>>) -> Vec<Change<Numbered>> {
    batch.iter().rev().map(|(&key, value)| (key, value.map(|value| Arc::new(Numbered(key, value))))).collect()
}

/// Pieces are filled, neighbours are not both short, and the numbering is right.
fn check_shape(rows: &Rows<Numbered>) {
    let mut end = 0;
    for chunk in &rows.chunks.chunks {
        assert!((1..=chunks::CHUNK).contains(&chunk.items.len()));
        end += chunk.items.len();
        assert_eq!(chunk.end, end);
    }
}

fn batch() -> impl Strategy<Value = BTreeMap<u16, Option<u16>>> {
    prop_oneof![
        // Here and there; most of a stretch; nearly all gone.
        prop::collection::btree_map(0u16..3_000, any::<Option<u16>>(), 0..40),
        (0u16..3_000, 0u16..1_500, any::<u16>())
            .prop_map(|(from, len, value)| (from..from + len).map(|key| (key, Some(value))).collect()),
        (0u16..3_000, 0u16..3_000, 1u16..9).prop_map(|(from, len, spared)| {
            (from..from + len).filter(|key| key % (10 * spared) != 0).map(|key| (key, None)).collect()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn changes_end_up_as_in_a_sorted_map(
        batches in prop::collection::vec((batch(), prop::option::of(0_usize..20)), 0..20),
    ) {
        let mut book = Book::default();
        let mut rows = Rows::default();
        let mut model = BTreeMap::new();
        // What readers hold, each for as many batches as it says.
        let mut held: Vec<(usize, Rows<Numbered>, Vec<Numbered>)> = Vec::new();
        for (number, (batch, hold)) in batches.into_iter().enumerate() {
            for (&key, &value) in &batch {
                match value {
                    Some(value) => model.insert(key, value),
                    None => model.remove(&key),
                };
            }
            let before = rows;
            rows = book.publish(changes(&batch));
            check_shape(&rows);
            if let Some(batches) = hold {
                held.push((number + batches, rows.clone(), rows.iter().map(|row| (**row).clone()).collect()));
            }
            for (_, rows, then) in &held {
                prop_assert!(rows.iter().map(|row| &**row).eq(then), "what a reader holds does not change");
            }
            held.retain(|(until, ..)| number < *until);
            let after: Vec<_> = rows.iter().map(|row| (row.0, row.1)).collect();
            prop_assert_eq!(&after, &model.iter().map(|(&key, &value)| (key, value)).collect::<Vec<_>>());
            prop_assert_eq!((rows.len(), rows.is_empty(), rows.iter().len()), (after.len(), after.is_empty(), after.len()));
            prop_assert_eq!(rows.first().map(|row| row.0), model.keys().next().copied());
            prop_assert_eq!(rows.last().map(|row| row.0), model.keys().last().copied());
            for (index, row) in rows.iter().enumerate() {
                prop_assert!(Arc::ptr_eq(row, rows.get(index).unwrap()));
                if !batch.contains_key(&row.0) {
                    let old = before.binary_search_by(|old| old.0.cmp(&row.0)).unwrap();
                    prop_assert!(Arc::ptr_eq(row, &before[old]), "an untouched row is the same row");
                }
            }
            prop_assert!(rows.get(after.len()).is_none());
            for key in (0..6_000).step_by(61) {
                let found = rows.binary_search_by(|row| row.0.cmp(&key));
                prop_assert_eq!(found, after.binary_search_by(|row| row.0.cmp(&key)));
            }
            let same: Rows<_> = rows.iter().cloned().collect();
            prop_assert_eq!(&same, &rows);
        }
    }
}

fn sixty_thousand() -> Vec<Change<Numbered>> {
    (0..60_000).map(|key| (key, Some(Arc::new(Numbered(key, 0))))).collect()
}

#[test]
fn copies_take_turns_and_rows_are_shared() {
    let mut book = Book::default();
    book.publish(sixty_thousand());
    let mut held = book.publish(Vec::new());
    let mut lists = std::collections::BTreeSet::new();
    for value in 1..20 {
        let rows = book.publish(vec![(30_000, Some(Arc::new(Numbered(30_000, value))))]);
        assert_eq!((held[30_000].1, rows[30_000].1), (value - 1, value), "an older snapshot does not change");
        let copied = rows.iter().zip(&held).filter(|(new, old)| !Arc::ptr_eq(new, old)).count();
        assert_eq!(copied, 1);
        assert_ne!(rows, held);
        lists.insert(Arc::as_ptr(&rows.chunks).addr());
        held = rows;
    }
    assert_eq!(lists.len(), 2, "one is read while the other is written");
}

#[test]
fn a_reader_that_never_lets_go_costs_one_copy() {
    let mut book = Book::default();
    let held = book.publish(sixty_thousand());
    let mut newest = held.clone();
    let weak = Arc::downgrade(&held[7]);
    for value in 0..50 {
        newest = book.publish(vec![(7, Some(Arc::new(Numbered(7, value))))]);
    }
    assert_eq!((held[7].1, newest[7].1, newest.len()), (0, 49, 60_000));
    drop(held);
    assert!(weak.upgrade().is_none(), "nothing that was given up is kept");
}

#[test]
fn a_list_that_shrinks_has_no_short_pieces() {
    let mut book = Book::default();
    book.publish(sixty_thousand());
    let rows = book.publish((0..60_000).filter(|key| key % 100 != 0).map(|key| (key, None)).collect());
    check_shape(&rows);
    assert_eq!(rows.len(), 600);
    assert!(rows.chunks.chunks.len() < 10, "{} pieces", rows.chunks.chunks.len());
}

#[test]
fn names_are_sought_in_their_own_order() {
    let names = [
        "",
        "a",
        "a\0",
        "a.example",
        "an.example.of.a.long.name",
        "an.example.of.a.longer.name",
        "b",
        "é",
        "10.0.0.1",
    ];
    let keys: Vec<(bool, Arc<str>)> = [false, true]
        .into_iter()
        .flat_map(|is_address| names.map(|name| (is_address, name.into())))
        .collect();
    for one in &keys {
        for other in &keys {
            assert_eq!(
                DomainRow::sought(one).cmp(&DomainRow::sought(other)),
                one.cmp(other),
                "{one:?} {other:?}"
            );
        }
    }
}
