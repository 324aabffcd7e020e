//! The SOCKS5 proxy (RFC 1928): connections alone, to names or addresses, without passwords.

use crate::shell::connection::Arrival;
use crate::shell::dial::Target;
use crate::shell::gateway::Shared;
use crate::shell::listen::ASKED_WITHIN;
use creance_ledger::Pseudonym;
use std::io;
use std::net::IpAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const VERSION: u8 = 5;
const NO_PASSWORD: u8 = 0;
const NO_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;

/// What a proxy answers (RFC 1928, 6).
#[derive(Debug, Clone, Copy)]
enum Answer {
    Granted = 0,
    Failed = 1,
    NotAllowed = 2,
    NoSuchCommand = 7,
    NoSuchAddress = 8,
}

/// Hears what a client wants.
pub(super) async fn greet(shared: &Shared, mut stream: TcpStream, station: Pseudonym) -> Option<Arrival> {
    let heard = timeout(ASKED_WITHIN, hear(&mut stream)).await.ok()?;
    let (target, port) = match heard.ok()? {
        Ok(place) => place,
        Err(answer) => {
            let _ = say(&mut stream, answer).await;
            return None;
        }
    };
    let target = shared.named(&station, target);
    if let Err(refusal) = shared.may_begin(&station, &target, port) {
        shared.refused(&station, &refusal, &target, port);
        let _ = say(&mut stream, Answer::NotAllowed).await;
        return None;
    }
    say(&mut stream, Answer::Granted).await.ok()?;
    Some(Arrival { stream, station, target, port, said: Vec::new(), rewrite: None })
}

async fn hear(stream: &mut TcpStream) -> io::Result<Result<(Target, u16), Answer>> {
    let [version, count] = read(stream).await?;
    if version != VERSION {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut methods = vec![0; usize::from(count)];
    stream.read_exact(&mut methods).await?;
    if !methods.contains(&NO_PASSWORD) {
        stream.write_all(&[VERSION, NO_METHOD]).await?;
        return Err(io::ErrorKind::InvalidData.into());
    }
    stream.write_all(&[VERSION, NO_PASSWORD]).await?;
    let [version, command, _, kind] = read(stream).await?;
    if version != VERSION {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let target = match kind {
        1 => Ok(Target::Address(IpAddr::from(read::<4>(stream).await?))),
        4 => Ok(Target::Address(IpAddr::from(read::<16>(stream).await?))),
        3 => {
            let [length] = read(stream).await?;
            let mut name = vec![0; usize::from(length)];
            stream.read_exact(&mut name).await?;
            place(&name).ok_or(Answer::Failed)
        }
        _ => Err(Answer::NoSuchAddress),
    };
    let port = stream.read_u16().await?;
    if command != CONNECT {
        return Ok(Err(Answer::NoSuchCommand));
    }
    Ok(target.map(|target| (target, port)))
}

/// A name, or an address that is written as one.
fn place(name: &[u8]) -> Option<Target> {
    let text = std::str::from_utf8(name).ok()?;
    match text.parse() {
        Ok(address) => Some(Target::Address(address)),
        Err(_) => text.parse().ok().map(Target::Name),
    }
}

async fn read<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// The address that the proxy would have dialled from is not told.
async fn say(stream: &mut TcpStream, answer: Answer) -> io::Result<()> {
    stream.write_all(&[VERSION, answer as u8, 0, 1, 0, 0, 0, 0, 0, 0]).await
}
