//! A long list in short pieces, so that putting in and taking out move few items, and changing one moves none.

/// Items in a piece at most.
pub(super) const CHUNK: usize = 256;

/// A list. Two of them that went through the same changes have the same pieces, whatever their items are: a place in
/// one is a place in the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chunks<T> {
    pub(super) chunks: Vec<Chunk<T>>,
}

/// A piece, never empty.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chunk<T> {
    /// The items up to the end of this piece.
    pub(super) end: usize,
    pub(super) items: Vec<T>,
}

/// Where an item is, or would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    chunk: usize,
    at: usize,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> Chunks<T> {
    pub(super) fn len(&self) -> usize {
        self.chunks.last().map_or(0, |chunk| chunk.end)
    }

    pub(super) fn get(&self, index: usize) -> Option<&T> {
        let chunk = self.chunks.get(self.chunks.partition_point(|chunk| chunk.end <= index))?;
        chunk.items.get(index + chunk.items.len() - chunk.end)
    }

    /// The place of the item that `compare` calls equal, or else where it would be put in; as for slices.
    pub(super) fn search(&self, mut compare: impl FnMut(&T) -> std::cmp::Ordering) -> Result<Place, Place> {
        let after = self
            .chunks
            .partition_point(|chunk| chunk.items.first().is_some_and(|item| compare(item).is_le()));
        let Some(chunk) = after.checked_sub(1) else { return Err(Place { chunk: 0, at: 0 }) };
        let items = self.chunks.get(chunk).map(|chunk| &*chunk.items).unwrap_or_default();
        match items.binary_search_by(compare) {
            Ok(at) => Ok(Place { chunk, at }),
            Err(at) => Err(Place { chunk, at }),
        }
    }

    /// The number of items before a place.
    pub(super) fn index(&self, place: Place) -> usize {
        let before = place.chunk.checked_sub(1).and_then(|before| self.chunks.get(before));
        before.map_or(0, |chunk| chunk.end) + place.at
    }

    pub(super) fn replace(&mut self, place: Place, item: T) {
        let found = self.chunks.get_mut(place.chunk).and_then(|chunk| chunk.items.get_mut(place.at));
        if let Some(found) = found {
            *found = item;
        }
    }

    /// Puts an item in. The numbers are wrong until [`Self::number`].
    pub(super) fn insert(&mut self, place: Place, item: T) {
        let Some(chunk) = self.chunks.get_mut(place.chunk) else {
            self.chunks.push(Chunk { end: 0, items: vec![item] });
            return;
        };
        chunk.items.insert(place.at.min(chunk.items.len()), item);
        if chunk.items.len() <= CHUNK {
            return;
        }
        // Most lists grow at their end: the pieces there are left full.
        let is_at_the_end = place.at == CHUNK && place.chunk + 1 == self.chunks.len();
        let Some(chunk) = self.chunks.get_mut(place.chunk) else { return };
        let items = chunk.items.split_off(if is_at_the_end { CHUNK } else { CHUNK / 2 });
        self.chunks.insert(place.chunk + 1, Chunk { end: 0, items });
    }

    /// Takes an item out, and joins pieces that have become short. The numbers are wrong until [`Self::number`].
    pub(super) fn remove(&mut self, place: Place) {
        let Some(chunk) = self.chunks.get_mut(place.chunk) else { return };
        if place.at < chunk.items.len() {
            chunk.items.remove(place.at);
        }
        if chunk.items.is_empty() {
            self.chunks.remove(place.chunk);
            return;
        }
        if !self.join(place.chunk)
            && let Some(before) = place.chunk.checked_sub(1)
        {
            self.join(before);
        }
    }

    /// Joins a piece and the next one, if together they are at most half of one.
    fn join(&mut self, chunk: usize) -> bool {
        let len = |at| self.chunks.get(at).map(|chunk: &Chunk<T>| chunk.items.len());
        if !matches!((len(chunk), len(chunk + 1)), (Some(one), Some(next)) if one + next <= CHUNK / 2) {
            return false;
        }
        let mut next = self.chunks.remove(chunk + 1);
        if let Some(chunk) = self.chunks.get_mut(chunk) {
            chunk.items.append(&mut next.items);
        }
        true
    }

    /// Numbers the pieces after items were put in or taken out.
    pub(super) fn number(&mut self) {
        let mut end = 0;
        for chunk in &mut self.chunks {
            end += chunk.items.len();
            chunk.end = end;
        }
    }
}

impl<T> FromIterator<T> for Chunks<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter().peekable();
        let mut chunks = Vec::new();
        while items.peek().is_some() {
            chunks.push(Chunk { end: 0, items: items.by_ref().take(CHUNK).collect() });
        }
        let mut chunks = Self { chunks };
        chunks.number();
        chunks
    }
}
