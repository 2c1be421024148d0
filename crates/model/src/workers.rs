//! The threads that compute: always there, awake while a token is being computed, asleep otherwise.
//!
//! A token's forward pass is some 150 short parallel regions with short serial work in between.
//! Waking a sleeping thread takes longer than most of them, so after a region the threads look out
//! for the next one for a while before they go to sleep. Ready-made pools (rayon was used before)
//! are made for larger tasks.
//!
//! A region ends when its tasks are done, not when all threads have taken part: a thread that the
//! system has put aside costs nothing but its help. So the gate below counts those inside, and a
//! thread that comes late finds it closed.

#![expect(
    unsafe_code,
    reason = "threads that outlive a call run its closure, which no lifetime can express; the call \
              returns only when none of them can still be in it"
)]

use std::cell::UnsafeCell;
use std::hint;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

/// How long a thread looks out for work before it goes to sleep.
const PATIENCE: Duration = Duration::from_micros(300);

/// A fixed number of threads, the caller's own among them.
pub(crate) struct Workers {
    shared: Arc<Shared>,
    helpers: Vec<Helper>,
    /// One region at a time.
    region: Mutex<()>,
}

struct Helper {
    thread: Thread,
    handle: Option<JoinHandle<()>>,
    is_asleep: Arc<AtomicBool>,
}

struct Shared {
    /// The number of the region in the upper bits, then whether it is open, then how many helpers
    /// are inside.
    gate: AtomicU64,
    /// For each thread the next task of its share that nobody has taken.
    next: Vec<Share>,
    /// What the helpers inside run. Written only while the gate is closed and nobody is inside.
    job: UnsafeCell<Option<Job>>,
    /// Whether a task of a helper has panicked.
    has_panicked: AtomicBool,
    is_over: AtomicBool,
}

/// A closure without its type and lifetime, and how many tasks it is to be called for.
#[derive(Clone, Copy)]
struct Job {
    call: unsafe fn(*const (), usize),
    closure: *const (),
    tasks: usize,
}

impl Job {
    fn of<F: Fn(usize) + Sync>(task: &F, tasks: usize) -> Self {
        /// # Safety
        /// `closure` must be a live `F`.
        unsafe fn call<F: Fn(usize)>(closure: *const (), index: usize) {
            // SAFETY: the caller's promise.
            unsafe { (*closure.cast::<F>())(index) }
        }
        Job { call: call::<F>, closure: std::ptr::from_ref(task).cast(), tasks }
    }
}

// SAFETY: `job` is read only by helpers inside the gate, and written only while there are none; the
// task itself may be shared between threads.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

/// A counter on a cache line of its own: threads that count side by side would wait for each other.
#[derive(Default)]
#[repr(align(64))]
struct Share(AtomicUsize);

const OPEN: u64 = 1 << 31;
const INSIDE: u64 = OPEN - 1;
const REGION: u64 = 1 << 32;

impl Workers {
    /// Starts `threads - 1` threads; the one that calls [`Workers::run`] is the last.
    ///
    /// # Errors
    /// If the system does not give the threads.
    pub(crate) fn start(threads: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            gate: AtomicU64::new(0),
            next: (0..threads).map(|_| Share::default()).collect(),
            job: UnsafeCell::new(None),
            has_panicked: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        });
        let mut workers =
            Workers { shared, helpers: Vec::with_capacity(threads), region: Mutex::new(()) };
        for index in 1..threads {
            let shared = Arc::clone(&workers.shared);
            let is_asleep = Arc::new(AtomicBool::new(false));
            let sleeping = Arc::clone(&is_asleep);
            let handle = thread::Builder::new()
                .name(format!("model-{index}"))
                .spawn(move || help(&shared, index, &sleeping))?;
            let thread = handle.thread().clone();
            workers.helpers.push(Helper { thread, handle: Some(handle), is_asleep });
        }
        Ok(workers)
    }

    /// How many threads take part.
    pub(crate) fn threads(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Runs `task(0) .. task(tasks - 1)`, each once, on any of the threads, and returns when all
    /// are done. Several callers at once, or one of several tasks that calls this, get their tasks
    /// run on their own thread alone.
    ///
    /// # Panics
    /// If a task panics.
    pub(crate) fn run(&self, tasks: usize, task: impl Fn(usize) + Sync) {
        if tasks < 2 || self.helpers.is_empty() {
            // Not a region: a task that is the only one may have parts for all threads.
            (0..tasks).for_each(task);
            return;
        }
        let region = match self.region.try_lock() {
            Ok(region) => Some(region),
            Err(TryLockError::Poisoned(poisoned)) => Some(PoisonError::into_inner(poisoned)),
            Err(TryLockError::WouldBlock) => None,
        };
        if region.is_none() {
            (0..tasks).for_each(task);
            return;
        }
        let shared = &*self.shared;
        let job = Job::of(&task, tasks);
        // SAFETY: the gate is closed and nobody is inside, and this thread holds the region.
        unsafe { *shared.job.get() = Some(job) };
        for (thread, next) in shared.next.iter().enumerate() {
            next.0.store(shared.share(tasks, thread).start, Ordering::Relaxed);
        }
        shared.has_panicked.store(false, Ordering::Relaxed);
        let before = shared.gate.load(Ordering::Relaxed);
        shared.gate.store((before & !(REGION - 1)) + REGION + OPEN, Ordering::SeqCst);
        // Lets nobody out of this function, not even by a panic, before the last helper has left.
        let closed = CloseGate(shared);
        for helper in &self.helpers {
            // Either the helper sees the open gate before it falls asleep, or we see it asleep.
            if helper.is_asleep.load(Ordering::SeqCst) {
                helper.thread.unpark();
            }
        }
        shared.take_tasks(job, 0);
        drop(closed);
        assert!(!shared.has_panicked.load(Ordering::Relaxed), "a task has panicked");
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        for helper in &mut self.helpers {
            helper.thread.unpark();
            if let Some(handle) = helper.handle.take() {
                let _ = handle.join();
            }
        }
    }
}

/// Closes the gate when it is dropped, and waits until everybody is out.
struct CloseGate<'a>(&'a Shared);

impl Drop for CloseGate<'_> {
    fn drop(&mut self) {
        // After a panic here nobody need take further tasks.
        if thread::panicking() {
            for next in &self.0.next {
                next.0.store(usize::MAX / 2, Ordering::Relaxed);
            }
        }
        self.0.gate.fetch_and(!OPEN, Ordering::AcqRel);
        let mut spins = 0u32;
        while self.0.gate.load(Ordering::Acquire) & INSIDE != 0 {
            spins += 1;
            if spins.is_multiple_of(1024) {
                // The helper's core may be ours.
                thread::yield_now();
            }
            hint::spin_loop();
        }
    }
}

impl Shared {
    /// A thread's share of the tasks, neighbours all of them, since tasks that follow each other
    /// mostly read memory that does, and that is read fastest in one go.
    fn share(&self, tasks: usize, thread: usize) -> Range<usize> {
        let threads = self.next.len();
        tasks * thread / threads..tasks * (thread + 1) / threads
    }

    /// Runs a thread's own share, then what others have left of theirs.
    fn take_tasks(&self, job: Job, thread: usize) {
        let threads = self.next.len();
        for turn in 0..threads {
            let owner = (thread + turn) % threads;
            let end = self.share(job.tasks, owner).end;
            loop {
                let index = self.next[owner].0.fetch_add(1, Ordering::Relaxed);
                if index >= end {
                    break;
                }
                // SAFETY: whoever is here holds the gate open or is inside, so the closure is
                // alive.
                unsafe { (job.call)(job.closure, index) };
            }
        }
    }

    /// Goes through the gate if it is open for a region other than `last`; returns the region.
    fn enter(&self, last: u64) -> Option<u64> {
        let gate = self.gate.load(Ordering::SeqCst);
        let region = gate / REGION;
        if gate & OPEN == 0 || region == last {
            return None;
        }
        let inside =
            self.gate.compare_exchange(gate, gate + 1, Ordering::AcqRel, Ordering::Relaxed);
        inside.is_ok().then_some(region)
    }
}

/// A helper's life.
fn help(shared: &Shared, thread: usize, is_asleep: &AtomicBool) {
    let mut last = 0;
    let mut idle_since = Instant::now();
    let mut looks = 0u32;
    while !shared.is_over.load(Ordering::Relaxed) {
        if let Some(region) = shared.enter(last) {
            last = region;
            // SAFETY: we are inside, so the job is not being written.
            let job = unsafe { *shared.job.get() }.expect("an open gate has a job");
            let tasks = std::panic::AssertUnwindSafe(|| shared.take_tasks(job, thread));
            if std::panic::catch_unwind(tasks).is_err() {
                shared.has_panicked.store(true, Ordering::Relaxed);
            }
            shared.gate.fetch_sub(1, Ordering::AcqRel);
            (idle_since, looks) = (Instant::now(), 0);
            continue;
        }
        hint::spin_loop();
        looks += 1;
        // The clock is not looked at every time, since that costs as much as many looks.
        if looks.is_multiple_of(64) && idle_since.elapsed() > PATIENCE {
            is_asleep.store(true, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            while shared.gate.load(Ordering::SeqCst) & OPEN == 0
                && !shared.is_over.load(Ordering::SeqCst)
            {
                thread::park();
            }
            is_asleep.store(false, Ordering::SeqCst);
            (idle_since, looks) = (Instant::now(), 0);
        }
    }
}

/// A slice that several tasks write at once, each its own places.
pub(crate) struct Shares<'a> {
    start: *mut f32,
    len: usize,
    slice: std::marker::PhantomData<&'a mut [f32]>,
}

// SAFETY: it only hands out places, and whoever asks for one promises that it is theirs alone.
unsafe impl Sync for Shares<'_> {}

impl<'a> Shares<'a> {
    pub(crate) fn of(slice: &'a mut [f32]) -> Self {
        Shares { start: slice.as_mut_ptr(), len: slice.len(), slice: std::marker::PhantomData }
    }

    /// `len` numbers from `start` on.
    ///
    /// # Safety
    /// No two calls for overlapping places may be alive at once.
    ///
    /// # Panics
    /// If they are not all in the slice.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "that is what it is for; see the safety section")]
    pub(crate) unsafe fn place(&self, start: usize, len: usize) -> &mut [f32] {
        assert!(start <= self.len && len <= self.len - start, "{start} + {len} of {}", self.len);
        // SAFETY: in bounds, and the caller promises that it is theirs alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), len) }
    }

    /// Rows of `len` numbers, `stride` from each beginning to the next, of which the first begins at
    /// `first`.
    ///
    /// # Safety
    /// As long as the rows are in use, nobody else may use those of them that are asked for.
    pub(crate) unsafe fn rows(&self, first: usize, stride: usize, len: usize) -> SharedRows<'_> {
        SharedRows { shares: self, first, stride, len }
    }
}

/// Rows that one thread has to itself.
pub(crate) struct SharedRows<'a> {
    shares: &'a Shares<'a>,
    first: usize,
    stride: usize,
    len: usize,
}

impl SharedRows<'_> {
    /// # Panics
    /// If the row is not in the slice.
    #[inline(always)]
    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [f32] {
        // SAFETY: whoever made this promised that its rows are used by nobody else, and only one of
        // them is lent at a time.
        unsafe { self.shares.place(self.first + row * self.stride, self.len) }
    }
}

impl Workers {
    /// Runs `task(i, chunk)` for all chunks of a slice, the last of which may be shorter.
    pub(crate) fn chunks(
        &self,
        slice: &mut [f32],
        chunk: usize,
        task: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        let len = slice.len();
        let shares = Shares::of(slice);
        self.run(len.div_ceil(chunk), |index| {
            let start = index * chunk;
            // SAFETY: chunks do not overlap, and every index comes once.
            task(index, unsafe { shares.place(start, chunk.min(len - start)) });
        });
    }

    /// Runs `task(i, chunk, chunk)` for all chunks of two slices that are equally long.
    pub(crate) fn two_chunks(
        &self,
        one: &mut [f32],
        other: &mut [f32],
        chunk: usize,
        task: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
    ) {
        assert_eq!(one.len(), other.len());
        let other = Shares::of(other);
        self.chunks(one, chunk, |index, one| {
            // SAFETY: chunks do not overlap, and every index comes once.
            let other = unsafe { other.place(index * chunk, one.len()) };
            task(index, one, other);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_once_however_many_threads_and_regions_there_are() {
        for threads in [1, 2, 5] {
            let workers = Workers::start(threads).unwrap();
            assert_eq!(workers.threads(), threads);
            for tasks in [0, 1, 2, 3, 100] {
                for _ in 0..200 {
                    let counts: Vec<AtomicUsize> =
                        (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                    workers.run(tasks, |i| {
                        counts[i].fetch_add(1, Ordering::Relaxed);
                    });
                    assert!(counts.iter().all(|n| n.load(Ordering::Relaxed) == 1));
                }
            }
        }
    }

    #[test]
    fn sleeping_helpers_wake_up() {
        let workers = Workers::start(3).unwrap();
        let threads = Mutex::new(std::collections::HashSet::new());
        while threads.lock().unwrap().len() < 3 {
            thread::sleep(4 * PATIENCE);
            workers.run(3, |_| {
                threads.lock().unwrap().insert(thread::current().id());
                thread::sleep(Duration::from_millis(2));
            });
        }
    }

    #[test]
    fn several_callers_and_tasks_within_tasks_do_not_get_in_each_others_way() {
        let workers = Workers::start(2).unwrap();
        let total = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        workers.run(4, |_| {
                            workers.run(3, |_| {
                                total.fetch_add(1, Ordering::Relaxed);
                            });
                        });
                    }
                });
            }
        });
        assert_eq!(total.into_inner(), 4 * 100 * 4 * 3);
    }

    #[test]
    fn a_panic_in_a_task_reaches_the_caller_and_the_threads_go_on() {
        let workers = Workers::start(2).unwrap();
        for unlucky in 0..8 {
            let run = || {
                workers.run(8, |i| {
                    assert!(i != unlucky, "on purpose");
                    thread::sleep(Duration::from_micros(50));
                });
            };
            assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
        }
        let done = AtomicUsize::new(0);
        workers.run(8, |_| {
            done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(done.into_inner(), 8);
    }

    #[test]
    fn chunks_cover_the_slice() {
        let workers = Workers::start(2).unwrap();
        let mut numbers = vec![0.0; 23];
        workers.chunks(&mut numbers, 5, |i, chunk| chunk.fill(i as f32 + chunk.len() as f32));
        assert_eq!(numbers[..5], [5.0; 5]);
        assert_eq!(numbers[15..], [8.0, 8.0, 8.0, 8.0, 8.0, 7.0, 7.0, 7.0]);
        let mut others = numbers.clone();
        workers.two_chunks(&mut numbers, &mut others, 4, |i, one, other| {
            other.copy_from_slice(one);
            one.fill(i as f32);
        });
        assert_eq!(others[..6], [5.0, 5.0, 5.0, 5.0, 5.0, 6.0]);
        assert_eq!(numbers[19..], [4.0, 5.0, 5.0, 5.0]);
    }
}
