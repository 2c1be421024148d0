//! Programs that end with this one.

use std::collections::BTreeSet;
use std::io;
use std::ops::{Deref, DerefMut};
use std::process::{self, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The ids of all children that have not been waited for, so that no other program can have them.
static CHILDREN: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

fn children() -> MutexGuard<'static, BTreeSet<u32>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running program, which is ended when this is dropped, with all that it has started. Its pipes are
/// those of the [`process::Child`] inside.
#[derive(Debug)]
pub struct Child {
    child: process::Child,
}

impl Child {
    /// Starts a program.
    ///
    /// On Linux the system kills it when the *thread* that has started it ends, for whatever reason, so
    /// that it does not stay behind a program that was killed: start it from a thread that lives as long
    /// as it is needed. On other systems a program that is killed leaves its children running, and these
    /// end when they read the end of their input, if they read any.
    ///
    /// # Errors
    /// The system's.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        bind(command);
        // Nobody may be told to end between the start of a child and its place in the list.
        let mut children = children();
        let child = command.spawn()?;
        children.insert(child.id());
        Ok(Child { child })
    }

    /// Its status, if it has ended.
    ///
    /// # Errors
    /// The system's.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        // Once it was waited for its id may be another program's.
        let mut children = children();
        let status = self.child.try_wait()?;
        if status.is_some() {
            children.remove(&self.child.id());
        }
        Ok(status)
    }

    /// Ends it, and with it what it has started, unless that has left its process group.
    ///
    /// # Errors
    /// The system's.
    pub fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.try_wait()? {
            return Ok(status);
        }
        end_group(self.child.id());
        self.child.kill()?;
        // It is killed, so this takes no time that matters to those who wait for the list.
        let mut children = children();
        let status = self.child.wait()?;
        children.remove(&self.child.id());
        Ok(status)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

impl Deref for Child {
    type Target = process::Child;

    fn deref(&self) -> &process::Child {
        &self.child
    }
}

impl DerefMut for Child {
    fn deref_mut(&mut self) -> &mut process::Child {
        &mut self.child
    }
}

/// Ends all children, for when this program is about to end.
pub fn end_all() {
    for id in children().iter() {
        end_group(*id);
    }
}

/// A process group of its own, so that all of it can be ended, and an end with this program.
#[cfg(unix)]
fn bind(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;

    command.process_group(0);
    #[cfg(target_os = "linux")]
    {
        let parent = rustix::process::getpid();
        #[expect(
            unsafe_code,
            reason = "the system offers this only to the child itself, between fork and exec, where the \
                      memory of other threads is in any state; these are system calls alone"
        )]
        // SAFETY: system calls, with numbers that were copied before; nothing is allocated or locked.
        unsafe {
            command.pre_exec(move || {
                rustix::process::set_parent_process_death_signal(Some(
                    rustix::process::Signal::KILL,
                ))?;
                // Whoever has died before that call sends no signal.
                if rustix::process::getppid() == Some(parent) {
                    Ok(())
                } else {
                    Err(io::ErrorKind::Interrupted.into())
                }
            });
        }
    }
}

#[cfg(not(unix))]
fn bind(_: &mut Command) {}

#[cfg(unix)]
fn end_group(id: u32) {
    let id = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(id) = id {
        // A group that is gone is what was wanted.
        let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
    }
}

/// Elsewhere a child is ended by the handle alone.
#[cfg(not(unix))]
fn end_group(_: u32) {}

#[cfg(all(test, unix))]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// A shell that starts another program, both of which hold the pipe, says so, and waits.
    fn family() -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 1000 & echo started; wait"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    /// Its output, once it has said that all of it runs. The pipe ends when everybody has who holds it.
    fn started(child: &mut Child) -> BufReader<process::ChildStdout> {
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "started\n");
        output
    }

    fn read_to_the_end(mut output: impl io::Read) {
        output.read_to_end(&mut Vec::new()).unwrap();
    }

    #[test]
    fn a_child_ends_with_its_value_and_with_all_that_it_started() {
        let mut child = Child::start(&mut family()).unwrap();
        let (id, output) = (child.id(), started(&mut child));
        assert!(children().contains(&id) && child.try_wait().unwrap().is_none());
        drop(child);
        read_to_the_end(output);
        assert!(!children().contains(&id));
    }

    #[test]
    fn a_child_that_ended_by_itself_is_no_longer_listed() {
        let mut child = Child::start(Command::new("/bin/sh").args(["-c", "exit 3"])).unwrap();
        let id = child.id();
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break status,
                None => thread::yield_now(),
            }
        };
        assert_eq!(status.code(), Some(3));
        assert!(!children().contains(&id));
        assert_eq!(child.end().unwrap().code(), Some(3));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_ends_a_child_whose_parent_is_gone() {
        let (sender, receiver) = mpsc::channel();
        // Nothing of ours ends it: its value is never dropped.
        let starts = move || {
            let mut child = Child::start(
                Command::new("/bin/sleep").arg("1000").stdout(Stdio::piped()).stdin(Stdio::null()),
            );
            sender.send(child.as_mut().unwrap().stdout.take().unwrap()).unwrap();
            std::mem::forget(child);
        };
        thread::spawn(starts).join().unwrap();
        read_to_the_end(receiver.recv().unwrap());
    }
}
