//! What the runtime promises its callers, whoever drives it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use super::*;

fn runtime_with(may_drive: fn() -> bool, chores: Chores) -> Runtime {
    let hooks = HostHooks {
        thread_start: || {},
        while_driving: |drive| drive(),
        may_drive,
    };
    Runtime::start(hooks, Arc::default(), chores).unwrap()
}

fn runtime() -> Runtime {
    runtime_with(|| true, Chores::none())
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

async fn here() -> ThreadId {
    thread::current().id()
}

/// Looks again and again, until the deadline.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let limit = soon();
    while !is_so() {
        assert!(Instant::now() < limit, "never: {what}");
        thread::yield_now();
    }
}

#[test]
fn outcomes_panics_and_shutdown_reach_the_caller() {
    for may_drive in [(|| true) as fn() -> bool, || false] {
        let runtime = runtime_with(may_drive, Chores::none());
        assert_eq!(runtime.run(soon(), async { 7 }), Ok(7));
        assert_eq!(runtime.run_here(true, soon(), async { 8 }), Ok(8));
        let planted = || async {
            if thread::current().name() != Some("no such thread") {
                panic!("planted")
            }
        };
        assert_eq!(runtime.run(soon(), planted()), Err(RunFailure::Panicked));
        assert_eq!(
            runtime.run_here(true, soon(), planted()),
            Err(RunFailure::Panicked)
        );
        runtime.shut_down(Duration::from_secs(5));
        assert_eq!(runtime.run(soon(), async { 7 }), Err(RunFailure::ShutDown));
        assert_eq!(
            runtime.run_here(true, soon(), async { 7 }),
            Err(RunFailure::ShutDown)
        );
    }
}

#[test]
fn a_future_that_never_ends_cannot_hold_the_caller() {
    let runtime = runtime();
    let limit = || Instant::now() + Duration::from_millis(100);
    let start = Instant::now();
    let pending = std::future::pending::<()>;
    assert_eq!(runtime.run(limit(), pending()), Err(RunFailure::Starved));
    assert_eq!(
        runtime.run_here(true, limit(), pending()),
        Err(RunFailure::Starved)
    );
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_lone_caller_drives_itself_and_an_unfit_one_does_not() {
    let ours = thread::current().id();
    let fit = runtime();
    eventually("the worker rests", || {
        fit.run_here(true, soon(), here()) == Ok(ours)
    });
    assert_ne!(fit.run(soon(), here()), Ok(ours));
    let unfit = runtime_with(|| false, Chores::none());
    assert_ne!(unfit.run_here(true, soon(), here()), Ok(ours));
}

#[test]
fn after_a_crowd_a_lone_caller_drives_again_without_a_pause_of_its_own() {
    let runtime = Arc::new(runtime());
    let crowd: Vec<_> = (0..32)
        .map(|number| {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || {
                for _ in 0..50 {
                    let outcome = runtime.run_here(true, soon(), async move {
                        tokio::task::yield_now().await;
                        number
                    });
                    assert_eq!(outcome, Ok(number));
                }
            })
        })
        .collect();
    for thread in crowd {
        thread.join().unwrap();
    }
    let ours = thread::current().id();
    eventually("the worker gives the helm back", || {
        runtime.run_here(true, soon(), here()) == Ok(ours)
    });
}

#[test]
fn those_who_wait_are_served_while_and_after_a_caller_drives() {
    let runtime = Arc::new(runtime());
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    let leader = {
        let runtime = Arc::clone(&runtime);
        thread::spawn(move || runtime.run_here(true, soon(), async { released.await.is_ok() }))
    };
    assert_eq!(runtime.run_here(true, soon(), async { 5 }), Ok(5));
    let late = {
        let runtime = Arc::clone(&runtime);
        thread::spawn(move || {
            runtime.run(soon(), async {
                tokio::time::sleep(Duration::from_millis(300)).await;
            })
        })
    };
    release.send(()).unwrap();
    assert_eq!(leader.join().unwrap(), Ok(true));
    assert_eq!(late.join().unwrap(), Ok(()));
}

#[test]
fn what_goes_on_without_a_caller_is_driven() {
    let runtime = runtime();
    let done = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&done);
    runtime.spawn(async move {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            theirs.fetch_add(1, Ordering::SeqCst);
        }
    });
    eventually("three turns", || done.load(Ordering::SeqCst) == 3);
}

#[test]
fn work_that_a_leading_caller_leaves_behind_is_finished() {
    let runtime = runtime();
    let done = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&done);
    let helm = Arc::clone(&runtime.helm);
    let outcome = runtime.run_here(true, soon(), async move {
        let going = helm.going();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            theirs.fetch_add(1, Ordering::SeqCst);
            drop(going);
        });
    });
    assert_eq!(outcome, Ok(()));
    eventually("it is finished", || done.load(Ordering::SeqCst) == 1);
}

#[test]
fn chores_are_done_at_rest_under_load_and_beside_a_leader() {
    let done = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&done);
    let runtime = runtime_with(
        || true,
        Chores::new(move || {
            theirs.fetch_add(1, Ordering::SeqCst);
            Duration::from_millis(10)
        }),
    );
    let more = |why: &str| {
        let before = done.load(Ordering::SeqCst);
        eventually(why, || done.load(Ordering::SeqCst) > before + 2);
    };
    more("at rest");
    let long = |at_helm: bool| {
        let future = tokio::time::sleep(Duration::from_millis(200));
        let before = done.load(Ordering::SeqCst);
        if at_helm {
            assert_eq!(runtime.run_here(true, soon(), future), Ok(()));
        } else {
            assert_eq!(runtime.run(soon(), future), Ok(()));
        }
        assert!(done.load(Ordering::SeqCst) > before + 2);
    };
    let entered = runtime.handle.enter();
    long(true);
    long(false);
    drop(entered);
}

#[test]
fn shutting_down_frees_sleeping_callers_and_joins_the_worker() {
    let runtime = Arc::new(runtime());
    let sleepers: Vec<_> = (0..4)
        .map(|_| {
            let runtime = Arc::clone(&runtime);
            thread::spawn(move || runtime.run(soon(), std::future::pending::<()>()))
        })
        .collect();
    eventually("all sleep", || runtime.helm.waiting() == 4);
    let start = Instant::now();
    runtime.shut_down(Duration::from_secs(5));
    for sleeper in sleepers {
        assert_eq!(sleeper.join().unwrap(), Err(RunFailure::ShutDown));
    }
    assert!(start.elapsed() < Duration::from_secs(4));
    assert!(runtime.worker.lock().is_none());
}
