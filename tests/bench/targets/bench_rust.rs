// An ordinary threaded Rust program with work to do and no sleeps: two workers that take pieces
// from a channel behind a Mutex, count words into maps behind RwLocks, a table made once
// (OnceLock), a Barrier at the start, a Condvar at the end. Prints a checksum that does not depend
// on the schedule. The argument is the number of pieces, default 400.
use std::collections::HashMap;
use std::sync::{mpsc, Arc, Barrier, Condvar, Mutex, OnceLock, RwLock};
use std::thread;

const WORKERS: usize = 2;
const SHARDS: usize = 16;

static WORDS: OnceLock<Vec<String>> = OnceLock::new();

fn words() -> &'static Vec<String> {
    WORDS.get_or_init(|| (0..2000).map(|i| format!("word{}", i * 7919 % 2000)).collect())
}

fn count_piece(mut seed: u64, table: &[RwLock<HashMap<String, u64>>]) {
    let mut here: HashMap<&str, u64> = HashMap::new();
    for _ in 0..4000 {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        *here.entry(&words()[(seed >> 33) as usize % words().len()]).or_insert(0) += 1;
    }
    for (word, count) in here {
        let shard = word.bytes().map(usize::from).sum::<usize>() % SHARDS;
        *table[shard].write().unwrap().entry(word.to_string()).or_insert(0) += count;
    }
}

fn main() {
    let pieces: u64 = std::env::args().nth(1).map_or(400, |a| a.parse().unwrap());
    let table: Arc<Vec<_>> = Arc::new((0..SHARDS).map(|_| RwLock::new(HashMap::new())).collect());
    let (sender, receiver) = mpsc::channel::<u64>();
    let receiver = Arc::new(Mutex::new(receiver));
    let barrier = Arc::new(Barrier::new(WORKERS));
    let done = Arc::new((Mutex::new(0), Condvar::new()));
    let mut threads = Vec::new();

    for _ in 0..WORKERS {
        let (table, receiver) = (table.clone(), receiver.clone());
        let (barrier, done) = (barrier.clone(), done.clone());
        threads.push(thread::spawn(move || {
            barrier.wait();
            loop {
                let piece = receiver.lock().unwrap().recv();
                match piece {
                    Ok(piece) => count_piece(piece, &table),
                    Err(_) => break,
                }
            }
            *done.0.lock().unwrap() += 1;
            done.1.notify_one();
        }));
    }
    for piece in 0..pieces {
        sender.send(piece).unwrap();
    }
    drop(sender);
    let mut ended = done.0.lock().unwrap();
    while *ended < WORKERS {
        ended = done.1.wait(ended).unwrap();
    }
    drop(ended);
    for thread in threads {
        thread.join().unwrap();
    }
    let sum: u64 = table
        .iter()
        .map(|shard| {
            let shard = shard.read().unwrap();
            shard.iter().map(|(word, n)| n * word.bytes().map(u64::from).sum::<u64>()).sum::<u64>()
        })
        .sum();
    println!("{}", sum);
}
