//! Builds the daemons from the Go module in `daemons/` and keeps the binaries per user, keyed by
//! everything that goes into them.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sha2::{Digest, Sha256};

use crate::error::{LabError, Result};
use crate::go_toolchain::GoToolchain;
use crate::orphan_guard::find_program;
use crate::waiter::Waiter;

/// The daemons that the module's `tool` directives name.
pub const DAEMONS: [&str; 4] = ["btcd", "lnd", "tapd", "tapd-integrated"];

/// lnd's sub-servers. Not `integration`: it changes lnd's defaults and tapd-integrated then dies.
const TAGS: &str = "autopilotrpc signrpc walletrpc chainrpc invoicesrpc watchtowerrpc \
                    neutrinorpc monitoring peersrpc";
const CHECKER: &str = "driftcheck";
const BUILD_LIMIT: Duration = Duration::from_secs(3600);

/// Names an lnd that is run in place of the one built here: for trying other versions of it.
const OTHER_LND: &str = "ARKGRPC_LND";

/// A directory that holds all daemons, built.
#[derive(Clone, Debug)]
pub struct DaemonBinaries {
    directory: PathBuf,
    other_lnd: Option<PathBuf>,
}

impl DaemonBinaries {
    /// The binaries as the cache has them; `None` when they are not built yet.
    pub fn locate() -> Result<Option<Self>> {
        let directory = cached_directory(&GoToolchain::find()?)?;
        let other_lnd = other_lnd(env::var_os(OTHER_LND))?;
        Ok(directory.is_dir().then_some(Self {
            directory,
            other_lnd,
        }))
    }

    /// The binaries, built first when the cache lacks them (minutes). Processes that come at the
    /// same time wait for the one that builds.
    pub fn build(waiter: &Waiter) -> Result<Self> {
        let other_lnd = other_lnd(env::var_os(OTHER_LND))?;
        let go = GoToolchain::find()?;
        let directory = cached_directory(&go)?;
        let parent = directory.parent().unwrap_or(Path::new("."));
        create_directory(parent)?;
        let lock = directory.with_extension("lock");
        let _lock = lock_file(
            &lock,
            waiter,
            "another process builds the daemons: waiting for it",
        )?;
        if !directory.is_dir() {
            compile_into(&go, &directory, waiter)?;
        }
        Ok(Self {
            directory,
            other_lnd,
        })
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn program(&self, daemon: &str) -> PathBuf {
        match &self.other_lnd {
            Some(other) if daemon == "lnd" => other.clone(),
            _ => self.directory.join(daemon),
        }
    }
}

/// The path in the variable, said aloud: whoever reads a test's output must know what was tested.
fn other_lnd(variable: Option<OsString>) -> Result<Option<PathBuf>> {
    let Some(path) = variable.filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let absolute =
        std::path::absolute(&path).map_err(LabError::io(format!("reading {OTHER_LND}")))?;
    if !absolute.is_file() {
        return Err(LabError::WrongState {
            name: OTHER_LND.to_owned(),
            message: format!("there is no file {}", absolute.display()),
        });
    }
    eprintln!("lab: lnd is {} ({OTHER_LND})", absolute.display());
    Ok(Some(absolute))
}

/// `ARKGRPC_CACHE`, else `arkgrpc` in the user's cache directory.
pub fn cache_root() -> Result<PathBuf> {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("ARKGRPC_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("arkgrpc")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/arkgrpc")))
        .ok_or_else(|| LabError::Unavailable("neither ARKGRPC_CACHE nor HOME is set".into()))
}

pub(crate) fn create_directory(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(LabError::io(format!("creating {}", path.display())))
}

/// Takes the exclusive lock on `path`, saying `notice` once when somebody else holds it.
pub(crate) fn lock_file(path: &Path, waiter: &Waiter, notice: &str) -> Result<Flock<File>> {
    let opening = LabError::io(format!("opening {}", path.display()));
    let mut file = Some(File::create(path).map_err(opening)?);
    let mut said = false;
    waiter.until("the lock of the daemons' cache", BUILD_LIMIT, || {
        let free = file
            .take()
            .ok_or_else(|| LabError::NotYet("no file".into()))?;
        Flock::lock(free, FlockArg::LockExclusiveNonblock).map_err(|(back, errno)| {
            file = Some(back);
            if !std::mem::replace(&mut said, true) {
                eprintln!("lab: {notice}");
            }
            LabError::NotYet(errno.to_string())
        })
    })
}

fn module_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("daemons")
}

fn cached_directory(go: &GoToolchain) -> Result<PathBuf> {
    let key = cache_key(&module_directory(), &go.version)?;
    Ok(cache_root()?.join("daemons").join(key))
}

/// A hash of all that decides what the binaries are: pins, checker source, tags, Go version.
pub fn cache_key(module: &Path, go_version: &str) -> Result<String> {
    let mut files = vec![module.join("go.mod"), module.join("go.sum")];
    collect_files(&module.join(CHECKER), &mut files)?;
    let mut hash = Sha256::new();
    // Length first, so that no two different inputs run together into the same bytes.
    let mut add = |bytes: &[u8]| {
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    };
    add(TAGS.as_bytes());
    add(go_version.as_bytes());
    for file in files {
        let name = file.strip_prefix(module).unwrap_or(&file);
        add(name.as_os_str().as_encoded_bytes());
        add(&fs::read(&file).map_err(LabError::io(format!("reading {}", file.display())))?);
    }
    let mut key = hex::encode(hash.finalize());
    key.truncate(32);
    Ok(key)
}

/// All files below `directory` in a stable order; none when it does not exist.
fn collect_files(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let reading = || LabError::io(format!("reading {}", directory.display()));
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(reading()(error)),
    };
    let paths: std::io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(reading())?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect_files(&path, files)?
        } else {
            files.push(path)
        }
    }
    Ok(())
}

/// Builds beside the final place and renames: what is there under its key is complete.
fn compile_into(go: &GoToolchain, directory: &Path, waiter: &Waiter) -> Result<()> {
    let unfinished = directory.with_extension("unfinished");
    if unfinished.exists() {
        let removing = LabError::io(format!("removing {}", unfinished.display()));
        fs::remove_dir_all(&unfinished).map_err(removing)?;
    }
    create_directory(&unfinished)?;
    eprintln!(
        "lab: building {} (minutes, the first time)",
        DAEMONS.join(", ")
    );
    compile(go, &unfinished, waiter)?;
    for daemon in DAEMONS {
        if !unfinished.join(daemon).is_file() {
            return Err(LabError::Build(format!("go build made no {daemon}")));
        }
    }
    fs::rename(&unfinished, directory)
        .map_err(LabError::io(format!("renaming to {}", directory.display())))
}

/// With low priority: builds of the Rust side and tests run beside it.
fn compile(go: &GoToolchain, output: &Path, waiter: &Waiter) -> Result<()> {
    let module = module_directory();
    let mut command = match find_program("nice") {
        Some(nice) => {
            let mut command = Command::new(nice);
            command.args(["-n", "15"]).arg(&go.program);
            command
        }
        None => Command::new(&go.program),
    };
    command
        .args(["build", "-trimpath", "-tags", TAGS, "-ldflags=-s -w", "-o"])
        .arg(output);
    command.arg("tool");
    if module.join(CHECKER).is_dir() {
        command.arg(format!("./{CHECKER}"));
    }
    command
        .current_dir(&module)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    // The user's own Go settings must not change what is built under a key that ignores them.
    command.envs([
        ("CGO_ENABLED", "0"),
        ("GOTOOLCHAIN", "local"),
        ("GOFLAGS", ""),
        ("GOWORK", "off"),
    ]);
    let mut child = command.spawn().map_err(LabError::io("running go build"))?;
    let watching = || LabError::io("waiting for go build");
    let ended = waiter.until("the end of go build", BUILD_LIMIT, || {
        let status = child.try_wait().map_err(watching())?;
        status.ok_or_else(|| LabError::NotYet("still compiling".into()))
    });
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(LabError::Build(format!(
            "go build: {status}, see its messages above"
        ))),
        Err(error) => {
            // Go ends its compilers itself on SIGTERM. Whether it still runs does not matter.
            let _ = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM);
            child.wait().map_err(watching())?;
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO: &str = "go version go1.26.8 linux/amd64";

    fn module() -> tempfile::TempDir {
        let module = tempfile::tempdir().unwrap();
        fs::write(module.path().join("go.mod"), "module m").unwrap();
        fs::write(module.path().join("go.sum"), "sums").unwrap();
        module
    }

    #[test]
    fn the_key_is_stable_and_a_plain_directory_name() {
        let (one, two) = (module(), module());
        let key = cache_key(one.path(), GO).unwrap();
        assert_eq!(key, cache_key(two.path(), GO).unwrap());
        assert!(
            key.len() == 32 && key.chars().all(|c| c.is_ascii_hexdigit()),
            "{key}"
        );
    }

    #[test]
    fn everything_that_decides_the_binaries_changes_the_key() {
        let module = module();
        let root = module.path();
        let mut keys = vec![cache_key(root, GO).unwrap()];
        keys.push(cache_key(root, "go version go1.26.9 linux/amd64").unwrap());
        let mut change = |file: &str, text: &str| {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), text).unwrap();
            keys.push(cache_key(root, GO).unwrap());
        };
        change("go.mod", "module n");
        change("go.sum", "other sums");
        change("driftcheck/main.go", "package main");
        change("driftcheck/main.go", "package main // changed");
        change("driftcheck/check/check.go", "");
        // The same bytes, cut into files elsewhere.
        change("driftcheck/check/check.go", "ab");
        change("driftcheck/check/more.go", "c");
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn files_beside_the_module_do_not_change_the_key() {
        let module = module();
        let before = cache_key(module.path(), GO).unwrap();
        fs::write(module.path().join("notes.txt"), "x").unwrap();
        assert_eq!(before, cache_key(module.path(), GO).unwrap());
    }

    #[test]
    fn another_lnd_stands_in_for_the_built_one_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("my-lnd");
        assert!(
            other_lnd(Some(path.clone().into())).is_err(),
            "no such file"
        );
        fs::write(&path, "").unwrap();
        let binaries = |variable| DaemonBinaries {
            directory: "built".into(),
            other_lnd: other_lnd(variable).unwrap(),
        };
        let other = binaries(Some(path.clone().into()));
        assert_eq!(other.program("lnd"), path);
        assert_eq!(other.program("btcd"), Path::new("built/btcd"));
        for unset in [None, Some(OsString::new())] {
            assert_eq!(binaries(unset).program("lnd"), Path::new("built/lnd"));
        }
    }

    #[test]
    fn the_module_names_exactly_the_daemons() {
        let text = fs::read_to_string(module_directory().join("go.mod")).unwrap();
        let tools = text
            .split("tool (")
            .nth(1)
            .unwrap()
            .split(')')
            .next()
            .unwrap();
        let mut names: Vec<_> = tools
            .split_whitespace()
            .map(|t| t.rsplit('/').next().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, DAEMONS);
    }

    #[test]
    fn a_second_lock_waits_until_the_first_is_released() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let first = lock_file(&path, &Waiter::default(), "unused").unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let second = std::thread::spawn(move || {
            lock_file(&path, &Waiter::default(), "waiting, as it should").unwrap();
            sender.send(()).unwrap();
        });
        let early = receiver.recv_timeout(Duration::from_millis(300));
        assert!(early.is_err(), "two holders of one lock");
        drop(first);
        receiver.recv_timeout(Duration::from_secs(10)).unwrap();
        second.join().unwrap();
    }
}
