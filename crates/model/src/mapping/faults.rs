//! Pages that a mapped file cannot give any more.
//!
//! Whoever shortens a file takes its last pages from under those who have mapped it, and so does a disk
//! that fails. Reading such a page is a bus error (SIGBUS), which ends a program that does not handle it:
//! one wrong `cp` would end a server with all that people do in it. So bus errors in mapped model files are
//! handled: the rest of the mapping becomes zeros, and the file is marked, so that what was computed of the
//! zeros is thrown away ([`super::MappedFile::check`]). A bus error elsewhere is what it was before.

#![expect(
    unsafe_code,
    reason = "signal handlers are the system's only way to tell of a page that is gone, and what they may \
              do is a few system calls and atomics"
)]

use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The addresses of one mapping, which the handler looks faults up in. They are never freed, since a
/// handler may be reading them, and serve another mapping once theirs is gone.
#[derive(Debug, Default)]
struct Place {
    start: AtomicUsize,
    /// 0 where there is no mapping.
    end: AtomicUsize,
    is_faulty: AtomicBool,
    is_taken: AtomicBool,
    next: OnceLock<&'static Place>,
}

static FIRST: OnceLock<&'static Place> = OnceLock::new();
/// Held by whoever changes the list. The handler only reads it.
static CHANGES: Mutex<()> = Mutex::new(());
static PAGE_BYTES: AtomicUsize = AtomicUsize::new(0);
/// What became of bus errors before.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

fn places() -> impl Iterator<Item = &'static Place> {
    std::iter::successors(FIRST.get().copied(), |place| place.next.get().copied())
}

/// A mapping whose faults are survived, until this is dropped.
#[derive(Debug)]
pub(super) struct Watched(&'static Place);

impl Watched {
    /// Watches over a mapping, which lies at these addresses and outlives this.
    pub(super) fn new(addresses: Range<usize>) -> Self {
        let _changes = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
        install();
        let free = places().find(|place| !place.is_taken.load(Ordering::Relaxed));
        let place = free.unwrap_or_else(|| {
            let new: &'static Place = Box::leak(Box::default());
            let end = places().last().map_or(&FIRST, |last| &last.next);
            // Nobody else adds to the list now.
            let _ = end.set(new);
            new
        });
        place.is_taken.store(true, Ordering::Relaxed);
        place.is_faulty.store(false, Ordering::Relaxed);
        place.start.store(addresses.start, Ordering::Relaxed);
        place.end.store(addresses.end, Ordering::Release);
        Watched(place)
    }

    /// Whether a page could not be read, and zeros stand in its place and behind it.
    pub(super) fn is_faulty(&self) -> bool {
        self.0.is_faulty.load(Ordering::Acquire)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _changes = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.end.store(0, Ordering::Release);
        self.0.is_taken.store(false, Ordering::Relaxed);
    }
}

/// Installs the handler, once. The caller holds [`CHANGES`].
fn install() {
    if BEFORE.get().is_some() {
        return;
    }
    // SAFETY: it asks for a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    PAGE_BYTES.store(usize::try_from(page).unwrap_or(4096), Ordering::Relaxed);
    // SAFETY: all fields of this struct may be zero, and `sigaction` is given structs that live; the handler
    // has the signature that SA_SIGINFO asks for.
    let before = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let mut before: libc::sigaction = std::mem::zeroed();
        let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = on_bus_error;
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&mut action.sa_mask);
        if libc::sigaction(libc::SIGBUS, &action, &mut before) != 0 {
            return;
        }
        before
    };
    let _ = BEFORE.set(before);
}

/// The handler. It allocates nothing and takes no lock: the thread that it interrupts may be anywhere.
extern "C" fn on_bus_error(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the system gives a handler with SA_SIGINFO a valid struct, and for this signal its address.
    let address = unsafe { (*info).si_addr() } as usize;
    let place = places().find(|place| {
        let end = place.end.load(Ordering::Acquire);
        (place.start.load(Ordering::Relaxed)..end).contains(&address)
    });
    match place {
        Some(place) if give_zeros(address, place) => {}
        _ => pass_on(signal, info, context),
    }
}

/// Puts zeros where a mapping cannot be read, from the page of `address` to its end: a model that has lost
/// a page is lost, and one fault is quicker than thousands.
fn give_zeros(address: usize, place: &Place) -> bool {
    place.is_faulty.store(true, Ordering::Release);
    let page = PAGE_BYTES.load(Ordering::Relaxed);
    let start = address - address % page;
    let len = place.end.load(Ordering::Relaxed).next_multiple_of(page) - start;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED | libc::MAP_NORESERVE;
    // SAFETY: these pages are a part of our own mapping, which is only read, and as `Watched` is dropped
    // before it is unmapped, they are nobody else's. The interrupted code finds its `errno` as it was.
    unsafe {
        let errno = *libc::__errno_location();
        let mapped = libc::mmap(start as *mut c_void, len, libc::PROT_READ, flags, -1, 0);
        *libc::__errno_location() = errno;
        mapped != libc::MAP_FAILED
    }
}

/// Lets whoever handled bus errors before handle this one: by default it ends the program.
fn pass_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let before = BEFORE.get().filter(|before| {
        before.sa_sigaction != libc::SIG_DFL && before.sa_sigaction != libc::SIG_IGN
    });
    // SAFETY: the handler before was installed with the signature that its flags tell. Without one the
    // default comes back, and the instruction that failed, run again, ends the program.
    unsafe {
        match before {
            Some(before) if before.sa_flags & libc::SA_SIGINFO != 0 => {
                let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
                    std::mem::transmute(before.sa_sigaction);
                handler(signal, info, context);
            }
            Some(before) => {
                let handler: extern "C" fn(c_int) = std::mem::transmute(before.sa_sigaction);
                handler(signal);
            }
            None => {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = libc::SIG_DFL;
                libc::sigaction(signal, &action, ptr::null_mut());
            }
        }
    }
}
