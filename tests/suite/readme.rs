//! The README's commands, run as they stand, print what it says.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ewarong_tests::process::{Signal, program, send_signal};

/// One command with the output that the README shows for it.
struct Step {
    command: String,
    output: Vec<String>,
}

/// The `console` blocks, each a list of commands.
fn blocks() -> Vec<Vec<Step>> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let mut blocks = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        let mut steps: Vec<Step> = Vec::new();
        for line in block.lines() {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => {
                    steps.push(Step { command: command.to_owned(), output: Vec::new() });
                }
                (None, Some(step)) => step.output.push(line.to_owned()),
                (None, None) => panic!("output without a command: {line}"),
            }
        }
        blocks.push(steps);
    }
    blocks
}

/// Whether `line` is as `shown`, where `...` stands for anything.
fn line_fits(shown: &str, line: &str) -> bool {
    let mut pieces = shown.split("...");
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut last = None;
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = rest.split_at(at + piece.len()).1;
        last = Some(piece);
    }
    rest.is_empty() || last == Some("")
}

/// Whether the output is as shown, where a line `...` stands for any lines, or none.
fn fits(shown: &[String], printed: &[String]) -> bool {
    match shown {
        [] => printed.is_empty(),
        [any, rest @ ..] if any == "..." => {
            (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..]))
        }
        [first, rest @ ..] => match printed {
            [line, more @ ..] => line_fits(first, line) && fits(rest, more),
            [] => false,
        },
    }
}

/// A `cargo` that runs what was built for these tests.
fn write_cargo(folder: &Path) {
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n\
         'run --release -- '*) shift 3; exec '{}' \"$@\" ;;\n\
         'run -q --release -p merchant-cli -- '*) shift 6; exec '{}' \"$@\" ;;\n\
         *) echo \"not a command of the README: $*\" >&2; exit 9 ;;\nesac\n",
        program("pos-api").display(),
        program("merchant-cli").display()
    );
    let path = folder.join("cargo");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn shell(home: &Path, script: &str) -> Command {
    let mut shell = Command::new("bash");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = format!("{}:{}", home.display(), path.to_string_lossy());
    shell.args(["-euc", script]).current_dir(home).env_clear().env("PATH", path).env("HOME", home);
    shell
}

/// Ends the service when the test does.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        send_signal(self.0.id(), Signal::Kill);
        self.0.wait().ok();
    }
}

/// Runs the demo's command until it serves, and gives what it printed and where it serves.
fn start(home: &Path, command: &str) -> (Service, Vec<String>, String) {
    let command = format!("exec {command} --addr 127.0.0.1:0");
    let mut child = shell(home, &command).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let service = Service(child);
    let mut printed = Vec::new();
    for line in lines {
        let line = line.unwrap();
        let address = line.strip_prefix("listening on http://").map(str::to_owned);
        printed.push(line);
        if let Some(address) = address {
            return (service, printed, address);
        }
    }
    panic!("the demo ended without serving:\n{}", printed.join("\n"));
}

#[test]
fn every_command_prints_what_the_readme_shows() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    write_cargo(home);
    let mut blocks = blocks().into_iter();
    let demo = blocks.next().unwrap().remove(0);
    let (_service, printed, address) = start(home, &demo.command);
    let shown: Vec<String> =
        demo.output.iter().map(|line| line.replace("127.0.0.1:8080", &address)).collect();
    assert!(fits(&shown, &printed), "{}\n{}", demo.command, printed.join("\n"));
    // The commands of a block share a shell, as they would at a prompt.
    for block in blocks {
        let mut script = String::new();
        for step in &block {
            let command = step.command.replace("127.0.0.1:8080", &address);
            writeln!(script, "{command} && true || test $? = 3; echo; echo '== next =='").unwrap();
        }
        let output = shell(home, &script).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for (step, part) in block.iter().zip(text.split("== next ==\n")) {
            let printed: Vec<String> = part.trim_end().lines().map(str::to_owned).collect();
            assert!(fits(&step.output, &printed), "{}\n{part}", step.command);
        }
    }
}

#[test]
fn dots_stand_for_anything() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(fits(&lines("a\n...\nd x...z"), &lines("a\nb\nc\nd xyz")));
    assert!(!fits(&lines("a\n...\nd x...z"), &lines("a\nb\nc\nd xy")));
    assert!(!fits(&lines("a"), &lines("a\nb")));
}
