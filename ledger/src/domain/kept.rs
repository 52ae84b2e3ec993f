//! Hashes of what a recording of bank files keeps: of the files that it brought, and of what it left
//! behind. They are kept with the recording, and worked out again from the rows when a database is
//! verified.
//!
//! Rows are hashed one by one and added up by exclusive or, so that their order does not matter: no two
//! rows of one kind are alike, and each kind's begin differently.

use super::keys::sha256;

/// A hash that rows are added to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptHash([u8; 32]);

/// A field of a row: numbers are written out, what is missing differs from every text.
#[derive(Clone, Copy, Debug)]
pub enum Field<'a> {
    /// A text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A number.
    Number(i64),
    /// Nothing.
    Missing,
}

impl<'a> Field<'a> {
    /// A text that may be missing.
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Missing, Self::Text)
    }

    /// A number that may be missing.
    pub fn number(number: Option<i64>) -> Self {
        number.map_or(Self::Missing, Self::Number)
    }
}

impl KeptHash {
    /// Adds a row of a kind.
    pub fn add(&mut self, kind: &str, fields: &[Field<'_>]) {
        let mut bytes = kind.as_bytes().to_vec();
        for field in fields {
            let (mark, content) = match field {
                Field::Text(text) => (b't', text.as_bytes().to_vec()),
                Field::Bytes(content) => (b'b', content.to_vec()),
                Field::Number(number) => (b'n', number.to_be_bytes().to_vec()),
                Field::Missing => (b'-', Vec::new()),
            };
            bytes.push(mark);
            bytes.extend(u64::try_from(content.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend(content);
        }
        for (sum, byte) in self.0.iter_mut().zip(sha256(&[&bytes])) {
            *sum ^= byte;
        }
    }

    /// The hash of all that was added.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_does_not_matter_and_everything_else_does() {
        let rows = [("a", Field::Text("1")), ("a", Field::Number(1)), ("b", Field::Text("1"))];
        let of = |rows: &[(&str, Field<'_>)]| {
            let mut hash = KeptHash::default();
            for (kind, field) in rows {
                hash.add(kind, &[*field]);
            }
            hash
        };
        let [first, second, third] = rows;
        assert_eq!(of(&rows), of(&[third, first, second]));
        assert_ne!(of(&[first]), of(&[second]));
        assert_ne!(of(&[first]), of(&[third]));
        assert_ne!(of(&[("a", Field::Missing)]), of(&[("a", Field::Text(""))]));
        assert_ne!(of(&rows), of(&[first, second]));
    }
}
