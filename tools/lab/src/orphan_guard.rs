//! Daemons must not outlive the process that started them, even when it gets SIGKILLed.
//!
//! Linux can send a signal to a process when the **thread** that started it ends. So daemons are
//! started by one thread that lives as long as this process, through a small launcher which asks
//! for that signal and then becomes the daemon: this crate's own binary when it is the one running,
//! else `setpriv` of util-linux. Without either the daemons run unguarded; the next lab then ends
//! them by the process ids left in the abandoned directory (see `lab_directory`).

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use parking_lot::Mutex;

use crate::error::{LabError, Result};

/// The subcommand of `arkgrpc-lab` that becomes a daemon: `supervise PARENT PROGRAM …`.
pub const SUPERVISE: &str = "supervise";

const OWN_BINARY: &str = "arkgrpc-lab";

/// What stands between this process and a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Launcher {
    OwnBinary(PathBuf),
    Setpriv(PathBuf),
    None,
}

impl Launcher {
    pub fn find() -> Self {
        if !cfg!(target_os = "linux") {
            return Launcher::None;
        }
        let own = env::current_exe().ok().filter(|path| path.exists());
        match own.filter(|path| path.file_name().is_some_and(|name| name == OWN_BINARY)) {
            Some(path) => Launcher::OwnBinary(path),
            None => find_program("setpriv").map_or(Launcher::None, Launcher::Setpriv),
        }
    }

    pub fn command(&self, program: &Path) -> Command {
        match self {
            Launcher::OwnBinary(own) => {
                let mut command = Command::new(own);
                command
                    .arg(SUPERVISE)
                    .arg(std::process::id().to_string())
                    .arg(program);
                command
            }
            Launcher::Setpriv(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "KILL", "--"]).arg(program);
                command
            }
            Launcher::None => Command::new(program),
        }
    }
}

/// The path of a program in `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
}

struct Request {
    command: Command,
    answer: Sender<io::Result<Child>>,
}

/// Starts `command` on the thread that never ends.
pub fn spawn(command: Command) -> io::Result<Child> {
    static REQUESTS: OnceLock<Mutex<Sender<Request>>> = OnceLock::new();
    let gone = || io::Error::other("the thread that starts daemons is gone");
    let requests = REQUESTS.get_or_init(|| {
        let (sender, receiver) = channel::<Request>();
        thread::spawn(move || {
            for mut request in receiver {
                // A failed send means that the asker is gone: then nobody owns the child.
                if let Err(unwanted) = request.answer.send(request.command.spawn())
                    && let Ok(mut child) = unwanted.0
                {
                    let _ = child.kill();
                    let _ = child.wait();
                }
            }
        });
        Mutex::new(sender)
    });
    let (answer, child) = channel();
    requests
        .lock()
        .send(Request { command, answer })
        .map_err(|_| gone())?;
    child.recv().map_err(|_| gone())?
}

/// Becomes `program`, to be killed when the parent dies. Comes back only with an error.
pub fn supervise(parent: &str, program: &OsString, arguments: &[OsString]) -> Result<()> {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::{prctl, signal::Signal};
        let failed = LabError::io("asking for a signal at the parent's death");
        prctl::set_pdeathsig(Signal::SIGKILL).map_err(|errno| failed(errno.into()))?;
    }
    // The parent may have died before the request stood.
    if nix::unistd::getppid().to_string() != parent {
        return Err(LabError::wrong_state(
            SUPERVISE,
            "the parent process is gone",
        ));
    }
    let error = Command::new(program).args(arguments).exec();
    Err(LabError::io(format!("running {}", program.display()))(
        error,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    #[test]
    fn a_child_outlives_the_thread_that_asked_for_it() {
        let launcher = Launcher::find();
        let asker = thread::spawn(move || {
            let mut command = launcher.command(Path::new("/bin/sh"));
            command.args(["-c", "echo up; read line; exit 7"]);
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = spawn(command).unwrap();
            // Only a launcher that is through has asked for the signal.
            let mut line = String::new();
            let mut output = BufReader::new(child.stdout.take().unwrap());
            output.read_line(&mut line).unwrap();
            assert_eq!(line, "up\n");
            child
        });
        let mut child = asker.join().unwrap();
        drop(child.stdin.take());
        assert_eq!(child.wait().unwrap().code(), Some(7));
    }

    #[test]
    fn a_program_that_does_not_exist_is_an_error() {
        let command = Launcher::None.command(Path::new("/nonexistent/daemon"));
        assert_eq!(spawn(command).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_launcher_passes_program_and_parent() {
        let own = Launcher::OwnBinary("/opt/arkgrpc-lab".into());
        let command = own.command(Path::new("/opt/lnd"));
        let arguments: Vec<_> = command.get_args().map(|a| a.to_string_lossy()).collect();
        assert_eq!(
            arguments,
            [SUPERVISE, &std::process::id().to_string(), "/opt/lnd"]
        );
    }
}
