//! The cells of rows, as parts of one text.

/// The cells of a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fields<'r> {
    text: &'r str,
    /// Where each cell begins and ends.
    cells: &'r [(usize, usize)],
}

impl<'r> Fields<'r> {
    /// The parts of a text.
    pub(super) const fn of(text: &'r str, cells: &'r [(usize, usize)]) -> Self {
        Self { text, cells }
    }

    pub(super) const fn len(&self) -> usize {
        self.cells.len()
    }

    pub(super) fn get(&self, place: usize) -> Option<&'r str> {
        let (begin, end) = *self.cells.get(place)?;
        self.text.get(begin..end)
    }

    pub(super) fn iter(self) -> impl DoubleEndedIterator<Item = &'r str> {
        self.cells.iter().map(move |(begin, end)| self.text.get(*begin..*end).unwrap_or_default())
    }
}

/// A row that holds its cells itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    text: String,
    cells: Vec<(usize, usize)>,
}

impl Record {
    /// The cells of a row, kept.
    pub(super) fn of(fields: Fields<'_>) -> Self {
        let mut record = Self::default();
        fields.iter().for_each(|cell| record.push(cell));
        record
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::of(&self.text, &self.cells)
    }

    pub(super) const fn len(&self) -> usize {
        self.cells.len()
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
    }

    /// Adds a cell.
    pub(super) fn push(&mut self, cell: &str) {
        let begin = self.text.len();
        self.text.push_str(cell);
        self.cells.push((begin, self.text.len()));
    }
}
