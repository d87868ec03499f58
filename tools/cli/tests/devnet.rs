//! The command as a user runs it: around a program, and as a service until a signal.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(5);

fn arkgrpc(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arkgrpc"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> Output {
    arkgrpc(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "no {what} in {PATIENCE:?}");
        std::thread::sleep(PAUSE);
    }
}

fn variables(text: &str) -> HashMap<String, String> {
    let pair = |line: &str| {
        line.split_once('=')
            .map(|(name, value)| (name.into(), value.into()))
    };
    text.lines().filter_map(pair).collect()
}

#[test]
fn a_program_gets_the_variables_of_daemons_that_run() {
    let script = "env | grep LND_ && test -s \"$LND_TLS_CERT\" && test -s \"$LND_MACAROON\" && \
                  exec 3<>\"/dev/tcp/$LND_HOST/$LND_PORT\" && \
                  exec 3<>\"/dev/tcp/$BOB_LND_HOST/$BOB_LND_PORT\"";
    let output = run(&["devnet", "--", "bash", "-c", script]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let variables = variables(&text(&output.stdout));
    assert_eq!(variables.len(), 8, "{variables:?}");
    assert_ne!(variables["LND_PORT"], variables["BOB_LND_PORT"]);
    let report = text(&output.stderr);
    assert!(
        report.contains("devnet: alice is known as alice-"),
        "{report}"
    );
    assert!(report.contains("devnet: no call was served"), "{report}");
    assert!(
        !Path::new(&variables["LND_TLS_CERT"]).exists(),
        "nothing is left behind"
    );
}

#[test]
fn the_exit_code_is_the_programs_own() {
    assert_eq!(
        run(&["devnet", "--", "sh", "-c", "exit 37"]).status.code(),
        Some(37)
    );
    assert_eq!(run(&["devnet", "--", "true"]).status.code(), Some(0));
    assert_eq!(
        run(&["devnet", "--", "sh", "-c", "kill -9 $$"])
            .status
            .code(),
        Some(137)
    );
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let output = run(&["devnet", "--", "no-such-program-anywhere"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("no-such-program-anywhere"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn sigterm_reaches_the_program_and_its_exit_code_comes_back() {
    let script = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.02; done";
    let mut child = arkgrpc(&["devnet", "--", "sh", "-c", script])
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    signal(&child, "-TERM");
    let mut ended = None;
    wait_for("end", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(5));
}

#[test]
fn as_a_service_it_stays_until_a_signal_and_takes_everything_with_it() {
    for name in ["-INT", "-TERM", "-HUP"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("devnet.env");
        let path = file.display().to_string();
        let mut child = arkgrpc(&["devnet", "--env-file", &path]).spawn().unwrap();
        wait_for("file", || file.exists());
        let variables = variables(&fs::read_to_string(&file).unwrap());
        assert_eq!(variables.len(), 8, "{variables:?}");
        let address = format!("{}:{}", variables["LND_HOST"], variables["LND_PORT"]);
        TcpStream::connect(&address).unwrap();
        assert!(child.try_wait().unwrap().is_none());

        signal(&child, name);
        let mut ended = None;
        wait_for("end", || {
            ended = child.try_wait().unwrap();
            ended.is_some()
        });
        assert!(ended.unwrap().success());
        let mut report = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut report)
            .unwrap();
        assert!(report.contains("alice is known as alice-"), "{report}");
        assert!(TcpStream::connect(&address).is_err());
        assert!(!Path::new(&variables["LND_MACAROON"]).exists());
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "the file alone is left"
        );
    }
}

#[test]
fn without_a_program_or_a_file_it_says_what_it_wants() {
    for arguments in [
        &["devnet"][..],
        &["devnet", "--env-file", "x", "--", "true"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2));
        let usage = text(&output.stderr);
        assert!(usage.contains("--env-file"), "{usage}");
    }
}
