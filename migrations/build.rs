//! Builds the crate again when a migration changes: the macro that embeds them reads the folders.

fn main() {
    println!("cargo:rerun-if-changed=sqlite");
    println!("cargo:rerun-if-changed=postgres");
}
