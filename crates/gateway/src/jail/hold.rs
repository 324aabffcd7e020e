//! A jail out of which nothing may leave.

use crate::jail::{Ended, Heard, Jail, Signals, Spec, Wall};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, UdpSocket};

/// The longest question that is read before it is dropped; the rest of it is dropped unread.
const QUESTION_BYTES: usize = 512;

/// Makes a jail, starts the app in it, resets each of its connections and answers none of its
/// questions, until it ends.
///
/// # Errors
/// Where the runtime cannot be made. That there is no jail is an end, not an error.
pub fn hold_offline(spec: &Spec) -> io::Result<Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Before the jail, so that a signal that comes while it is made is for the app as well.
        let mut signals = Signals::new()?;
        let (mut jail, wall) = match Jail::enter(spec) {
            Ok(entered) => entered,
            Err(error) => return Ok(Ended::Failed(error)),
        };
        refuse_all(wall)?;
        if let Err(error) = jail.go() {
            return Ok(Ended::Failed(error));
        }
        loop {
            if let Some(ended) = ended_or_heard(&mut jail, &mut signals).await? {
                return Ok(ended);
            }
        }
    })
}

/// Waits until the jail ends, or hands one signal on.
async fn ended_or_heard(jail: &mut Jail, signals: &mut Signals) -> io::Result<Option<Ended>> {
    let signal = {
        let mut ended = pin!(jail.ended());
        let mut heard = pin!(signals.next());
        let first = poll_fn(|context| match ended.as_mut().poll(context) {
            Poll::Ready(ended) => Poll::Ready(Err(ended)),
            Poll::Pending => heard.as_mut().poll(context).map(Ok),
        });
        match first.await {
            Err(ended) => return ended.map(Some),
            Ok(heard) => heard,
        }
    };
    if let Heard::HandOn(number) = signal {
        jail.kill(number);
    }
    Ok(None)
}

fn refuse_all(wall: Wall) -> io::Result<()> {
    for listener in wall.tcp {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        drop(tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    // A reset, which drops what is buffered.
                    Ok((connection, _)) => drop(connection.set_zero_linger()),
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        }));
    }
    for socket in wall.dns {
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        drop(tokio::spawn(async move {
            let mut question = [0; QUESTION_BYTES];
            loop {
                if socket.recv_from(&mut question).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }));
    }
    Ok(())
}
