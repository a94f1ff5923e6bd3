//! Rust's std::sync on futex system calls: Mutex with poisoning, Condvar, RwLock, mpsc, Barrier, Once,
//! OnceLock, scoped threads, park, thread-local data. The output is the same in every schedule.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Barrier, Condvar, Mutex, Once, OnceLock, RwLock};
use std::thread;
use std::time::{Duration, Instant};

fn mutexes() {
    let total = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let total = Arc::clone(&total);
            thread::spawn(move || {
                for _ in 0..50 {
                    *total.lock().unwrap() += 1;
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*total.lock().unwrap(), 200);

    let poisoned = Arc::clone(&total);
    std::panic::set_hook(Box::new(|_| {}));
    let result = thread::spawn(move || {
        let _guard = poisoned.lock().unwrap();
        panic!("with the lock held");
    })
    .join();
    let _ = std::panic::take_hook();
    assert!(result.is_err() && total.is_poisoned());
    assert!(total.try_lock().is_err());
}

fn conditions(second: Duration) {
    let queue = Mutex::new(VecDeque::new());
    let (not_empty, not_full) = (Condvar::new(), Condvar::new());
    let sum = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let guard = queue.lock().unwrap();
                    let mut guard = not_empty.wait_while(guard, |q| q.is_empty()).unwrap();
                    sum.fetch_add(guard.pop_front().unwrap(), Ordering::Relaxed);
                    not_full.notify_one();
                }
            });
            scope.spawn(|| {
                for i in 0..20 {
                    let guard = queue.lock().unwrap();
                    let mut guard = not_full.wait_while(guard, |q| q.len() == 2).unwrap();
                    guard.push_back(i);
                    not_empty.notify_one();
                }
            });
        }
    });
    assert_eq!(sum.load(Ordering::Relaxed), 380);
    let before = Instant::now();
    let guard = queue.lock().unwrap();
    let (_guard, result) = not_empty.wait_timeout_while(guard, second, |q| q.is_empty()).unwrap();
    assert!(result.timed_out() && before.elapsed() >= second);
}

fn rwlocks() {
    let pair = RwLock::new((0, 0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..30 {
                    let mut pair = pair.write().unwrap();
                    pair.0 += 1;
                    thread::yield_now();
                    pair.1 += 1;
                }
            });
            scope.spawn(|| {
                for _ in 0..30 {
                    let pair = pair.read().unwrap();
                    assert_eq!(pair.0, pair.1);
                }
            });
        }
    });
    assert_eq!(*pair.read().unwrap(), (60, 60));
}

fn channels(second: Duration) {
    let (sender, receiver) = mpsc::channel();
    let (bounded, answers) = mpsc::sync_channel(2);
    let server = thread::spawn(move || {
        for number in receiver {
            bounded.send(number * 2).unwrap();
        }
    });
    let clients: Vec<_> = (0..3)
        .map(|id| {
            let sender = sender.clone();
            thread::spawn(move || {
                for i in 0..10 {
                    sender.send(id * 10 + i).unwrap();
                }
            })
        })
        .collect();
    drop(sender);
    assert_eq!(answers.iter().sum::<i32>(), 870);
    for client in clients {
        client.join().unwrap();
    }
    server.join().unwrap();
    let (_sender, receiver) = mpsc::channel::<()>();
    assert!(receiver.recv_timeout(second).is_err());
}

thread_local!(static LOCAL: Cell<usize> = const { Cell::new(0) });
static ONCE: Once = Once::new();
static CELL: OnceLock<usize> = OnceLock::new();
static RUNS: AtomicUsize = AtomicUsize::new(0);

fn the_rest(second: Duration) {
    let barrier = Barrier::new(4);
    let leaders = AtomicUsize::new(0);
    thread::scope(|scope| {
        for id in 0..4 {
            let (barrier, leaders) = (&barrier, &leaders);
            scope.spawn(move || {
                LOCAL.with(|local| local.set(id));
                ONCE.call_once(|| {
                    RUNS.fetch_add(1, Ordering::SeqCst);
                });
                assert_eq!(*CELL.get_or_init(|| RUNS.fetch_add(1, Ordering::SeqCst) + 6), 7);
                for _ in 0..10 {
                    if barrier.wait().is_leader() {
                        leaders.fetch_add(1, Ordering::SeqCst);
                    }
                }
                LOCAL.with(|local| assert_eq!(local.get(), id));
            });
        }
    });
    assert_eq!(RUNS.load(Ordering::SeqCst), 2);
    assert_eq!(leaders.load(Ordering::SeqCst), 10);

    let parked = thread::spawn(|| {
        thread::park();
        17
    });
    parked.thread().unpark();
    assert_eq!(parked.join().unwrap(), 17);
    let before = Instant::now();
    thread::sleep(second);
    assert!(before.elapsed() >= second);
}

fn main() {
    let second = Duration::from_millis(std::env::args().nth(1).map_or(1000, |ms| ms.parse().unwrap()));
    mutexes();
    conditions(second);
    rwlocks();
    channels(second);
    the_rest(second);
    println!("ok rust_sync");
}
