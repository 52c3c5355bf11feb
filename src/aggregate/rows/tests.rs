//! Rows against a sorted map, and what they share.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

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

    fn compare(&self, key: &u16) -> Ordering {
        self.0.cmp(key)
    }
}

fn changes(batch: &BTreeMap<u16, Option<u16>>) -> Vec<Change<Numbered>> {
    batch.iter().rev().map(|(&key, value)| (key, value.map(|value| Arc::new(Numbered(key, value))))).collect()
}

/// Leaves are filled, neighbours do not fit into one, and the numbering is right.
fn check_shape(rows: &Rows<Numbered>) {
    let mut end = 0;
    for group in &*rows.groups {
        assert!((1..=GROUP).contains(&group.leaves.len()));
        let mut end_in_group = 0;
        for leaf in &*group.leaves {
            assert!((1..=LEAF).contains(&leaf.rows.len()));
            end_in_group += leaf.rows.len();
            assert_eq!(leaf.end, end_in_group);
        }
        for pair in group.leaves.windows(2) {
            assert!(LEAF < pair[0].rows.len() + pair[1].rows.len(), "half-empty neighbours");
        }
        end += end_in_group;
        assert_eq!(group.end, end);
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
    fn changes_end_up_as_in_a_sorted_map(batches in prop::collection::vec(batch(), 0..12)) {
        let mut rows = Rows::default();
        let mut model = BTreeMap::new();
        for batch in batches {
            for (&key, &value) in &batch {
                match value {
                    Some(value) => model.insert(key, value),
                    None => model.remove(&key),
                };
            }
            let before = rows.clone();
            rows.apply(changes(&batch));
            check_shape(&rows);
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

#[test]
fn one_change_in_many_copies_two_nodes() {
    let many = |value| (0..60_000).map(move |key| Arc::new(Numbered(key, value)));
    let mut rows: Rows<_> = many(0).collect();
    let before = rows.clone();
    rows.apply(vec![(30_000, Some(Arc::new(Numbered(30_000, 1))))]);
    let pairs = || rows.groups.iter().zip(&*before.groups);
    assert_eq!(pairs().filter(|(new, old)| !Arc::ptr_eq(&new.leaves, &old.leaves)).count(), 1);
    let leaves = pairs().flat_map(|(new, old)| new.leaves.iter().zip(&*old.leaves));
    assert_eq!(leaves.filter(|(new, old)| !Arc::ptr_eq(&new.rows, &old.rows)).count(), 1);
    assert_eq!((before[30_000].1, rows[30_000].1), (0, 1), "an older snapshot does not change");
    assert_ne!(rows, before);
    assert_ne!(rows, many(0).take(59_999).collect());
}
