//! Holds an app in a jail to a mode, until it ends.

use crate::control::ControlSocket;
use crate::jail::{Ended, Heard, Jail, Signals, Spec, files};
use crate::shell::{Compose, Config, DatagramPort, Gateway, Listeners, Summary, block_on, raise_limit};
use creance_ledger::{Checkpoint, LedgerError};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::time::timeout;

/// How long flows may take to end by themselves once the app has ended.
const ENDED_WITHIN: Duration = Duration::from_secs(5);

/// How long a signal that came while the jail was made may take to be heard.
const BEFORE_START: Duration = Duration::from_millis(1);

/// The signal that asks a process to end (POSIX).
const TERMINATE: i32 = 15;

/// What an app is held with.
#[derive(Debug)]
pub struct Hold<'a> {
    /// What is jailed.
    pub spec: &'a Spec,
    /// What is decided by.
    pub config: Config,
    /// Where it is asked; none where that is not possible.
    pub control: Option<ControlSocket>,
    /// How it changes.
    pub compose: Arc<dyn Compose>,
}

/// How it went.
#[derive(Debug)]
pub struct Held {
    /// How the app ended.
    pub ended: Ended,
    /// What became of everything that it tried; none where it did not start.
    pub summary: Option<Summary>,
    /// How many packets that are neither TCP nor UDP were refused in the jail; none where nobody
    /// has told.
    pub refused_packets: Option<u64>,
    /// The mode at the end, and whether the ledger could be closed.
    pub closed: Option<(creance_model::Mode, Result<Checkpoint, LedgerError>)>,
}

/// Makes a jail, starts the app in it, and serves it until it ends.
///
/// # Errors
/// Where the system does not give what is needed. That there is no jail is an end, not an error.
pub fn hold(hold: Hold<'_>) -> io::Result<Held> {
    block_on(run(hold))?
}

async fn run(hold: Hold<'_>) -> io::Result<Held> {
    let Hold { spec, config, control, compose } = hold;
    let failed =
        |error| Held { ended: Ended::Failed(error), summary: None, refused_packets: None, closed: None };
    // Before the jail, so that a signal that comes while it is made is for the app as well.
    let mut signals = Signals::new()?;
    let (mut jail, wall) = match Jail::enter(spec) {
        Ok(entered) => entered,
        Err(error) => return Ok(failed(error)),
    };
    // After the jail, which keeps the limit that the app is to have.
    raise_limit();
    let gateway = Gateway::start(config).await?;
    if let Ok(heard) = timeout(BEFORE_START, signals.next()).await {
        let _ = gateway.close(Duration::ZERO).await;
        return Ok(Held {
            ended: Ended::Killed(heard.number()),
            summary: None,
            refused_packets: None,
            closed: None,
        });
    }
    if let Err(error) = jail.go() {
        let _ = gateway.close(Duration::ZERO).await;
        return Ok(Held {
            ended: jail.poll().unwrap_or(Ended::Failed(error)),
            summary: None,
            refused_packets: None,
            closed: None,
        });
    }
    let ports: io::Result<_> =
        wall.datagrams.into_iter().map(|(socket, answers)| DatagramPort::new(socket, answers)).collect();
    let listeners = Listeners { transparent: wall.tcp, datagrams: ports?, ..Listeners::default() };
    let asked = async {
        match control {
            Some(socket) => gateway.control(socket, compose, None, std::future::pending::<()>()).await,
            None => {
                gateway.keep_to_seal(compose).await;
                None
            }
        }
    };
    let ended = async {
        let mut asked = pin!(asked);
        let mut told = false;
        loop {
            let news = next(&mut jail, &mut signals, if told { None } else { Some(asked.as_mut()) }).await?;
            match news {
                News::Ended(ended) => return Ok(ended),
                News::Signal(Heard::HandOn(number)) => jail.kill(number),
                News::Signal(Heard::Terminal(_)) => {}
                News::Down => {
                    told = true;
                    jail.kill(TERMINATE);
                }
            }
        }
    };
    let ended = async {
        tokio::select! {
            ended = ended => ended,
            never = gateway.tell_of_ledger(files::note) => match never {},
        }
    };
    let ended: io::Result<Ended> = gateway.serve(listeners, || {}, ended).await?;
    let mode = gateway.mode().0.to;
    let (summary, closed) = gateway.close(ENDED_WITHIN).await;
    let refused_packets = jail.refused();
    Ok(Held { ended: ended?, summary: Some(summary), refused_packets, closed: Some((mode, closed)) })
}

/// What comes first.
enum News {
    Ended(Ended),
    Signal(Heard),
    /// It was told at its socket to end.
    Down,
}

async fn next(
    jail: &mut Jail,
    signals: &mut Signals,
    mut asked: Option<std::pin::Pin<&mut impl Future<Output = Option<()>>>>,
) -> io::Result<News> {
    let mut ended = pin!(jail.ended());
    let mut heard = pin!(signals.next());
    poll_fn(|context| {
        if let Poll::Ready(ended) = ended.as_mut().poll(context) {
            return Poll::Ready(ended.map(News::Ended));
        }
        if let Poll::Ready(heard) = heard.as_mut().poll(context) {
            return Poll::Ready(Ok(News::Signal(heard)));
        }
        match &mut asked {
            Some(asked) => asked.as_mut().poll(context).map(|_| Ok(News::Down)),
            None => Poll::Pending,
        }
    })
    .await
}
