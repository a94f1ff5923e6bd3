// Orders over a channel, a stock under Arc<Mutex>. BUG: looks at the stock and takes from it under
// two locks.
use std::sync::{mpsc, Arc, Mutex};
use std::thread;
fn order(stock: &Mutex<i32>) -> bool {
    if cfg!(feature = "bug") {
        if *stock.lock().unwrap() > 0 {
            *stock.lock().unwrap() -= 1;
            return true;
        }
        return false;
    }
    let mut left = stock.lock().unwrap();
    if *left > 0 {
        *left -= 1;
        return true;
    }
    false
}
fn main() {
    let stock = Arc::new(Mutex::new(1));
    let (send, receive) = mpsc::channel();
    let shops: Vec<_> = (0..2)
        .map(|n| {
            let (stock, send) = (stock.clone(), send.clone());
            thread::spawn(move || send.send((n, order(&stock))).unwrap())
        })
        .collect();
    drop(send);
    let sold = receive.iter().filter(|(_, done)| *done).count();
    for shop in shops {
        shop.join().unwrap();
    }
    assert_eq!(sold, 1, "sold {} of 1, {} left", sold, stock.lock().unwrap());
}
