//! Text that people write and others have to read: names, reasons, notes.

/// Whether somebody who reads `text` sees what it is: something is there to be seen, and nothing in it
/// is invisible or turns the direction of what stands around it. Any alphabet and any length are well.
pub fn is_legible(text: &str) -> bool {
    let seen = |letter: char| !letter.is_whitespace() && !joins(letter);
    text.chars().any(seen) && !text.chars().any(|letter| letter.is_control() || hides(letter))
}

/// Joiners, which some alphabets need between letters; alone they are invisible.
const fn joins(letter: char) -> bool {
    matches!(letter, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}')
}

/// Marks of direction, invisible spaces and separators, fillers, tags.
const fn hides(letter: char) -> bool {
    matches!(
        letter,
        '\u{00AD}'
            | '\u{034F}'
            | '\u{061C}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{17B4}'
            | '\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn any_alphabet_is_legible_and_nothing_invisible_is() {
        for text in ["Z", "R4", "-", "Ö 2", "ꦗꦮ", "سيتي", "क्\u{200D}ष", "Siti\u{a0}Aminah"]
        {
            assert!(is_legible(text), "{text}");
        }
        for text in [
            "",
            " ",
            "\t",
            "\u{a0}",
            "\u{3000}",
            "\u{200B}",
            "\u{200D}",
            "\u{200E}\u{200F}",
            "\u{202E}",
            "\u{2066}\u{2069}",
            "\u{FEFF}",
            "\u{2800}",
            "\u{3164}",
            "Siti\u{202E}imA",
            "a\u{7}",
            "a\nb",
        ] {
            assert!(!is_legible(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_mark_makes_any_text_illegible(text in "\\PC{0,8}", mark in "[\u{200E}\u{200F}\u{202A}-\u{202E}\u{2066}-\u{2069}]") {
            let marked = format!("{text}{mark}");
            prop_assert!(!is_legible(&marked));
        }

        #[test]
        fn white_space_alone_is_no_text(text in "\\s{0,8}") {
            prop_assert!(!is_legible(&text));
        }
    }
}
