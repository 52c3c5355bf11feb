//! Values that are found by where they are: a small number that stays the same until the value is taken out.

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u32);

/// Values in numbered places; places that became free are used again, the last one first.
#[derive(Debug)]
pub(super) struct Slots<T> {
    values: Vec<Option<T>>,
    free: Vec<Slot>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { values: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    pub(super) fn get(&self, slot: Slot) -> Option<&T> {
        self.values.get(slot.0 as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.values.get_mut(slot.0 as usize)?.as_mut()
    }

    /// Puts a value into a free place.
    pub(super) fn insert(&mut self, value: T) -> Slot {
        while let Some(slot) = self.free.pop() {
            if let Some(place) = self.values.get_mut(slot.0 as usize) {
                *place = Some(value);
                return slot;
            }
        }
        // There are fewer values than `MAX_…` constants allow, and those are far below 2³².
        let slot = Slot(u32::try_from(self.values.len()).unwrap_or(u32::MAX));
        self.values.push(Some(value));
        slot
    }

    /// Takes a value out; its place is free.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<T> {
        let value = self.take(slot)?;
        self.release(slot);
        Some(value)
    }

    /// Takes a value out and keeps its place empty until it is released.
    pub(super) fn take(&mut self, slot: Slot) -> Option<T> {
        self.values.get_mut(slot.0 as usize)?.take()
    }

    /// Lets an empty place be used again; once for each [`Slots::take`].
    pub(super) fn release(&mut self, slot: Slot) {
        self.free.push(slot);
    }

    /// All values in the order of their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, &T)> {
        (0..).map(Slot).zip(&self.values).filter_map(|(slot, value)| Some((slot, value.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_again_when_they_are_released() {
        let mut slots = Slots::default();
        let [a, b, c] = ["a", "b", "c"].map(|name| slots.insert(name));
        assert_eq!(slots.remove(b), Some("b"));
        assert_eq!(slots.remove(b), None);
        assert_eq!(slots.get(b), None);
        assert_eq!(slots.take(a), Some("a"));
        assert_eq!(slots.insert("d"), b);
        assert!(![a, b, c].contains(&slots.insert("e")), "a is not released");
        slots.release(a);
        assert_eq!(slots.insert("f"), a);
        assert_eq!(slots.iter().map(|(_, name)| *name).collect::<String>(), "fdce");
    }
}
