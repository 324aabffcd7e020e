//! The server: a thread to a conversation, made when all others are taken.

use super::{ANSWER_BYTES, AT_ONCE, DOWN, STACK_BYTES, UP};
use crate::bytes::Put;
use crate::dns::{A, AAAA};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Conversations at a time; more wait.
const THREADS_MAX: usize = 16_000;

/// The largest question for a name, in bytes.
const QUESTION_BYTES_MAX: usize = 1500;

/// Where a message's question begins, in bytes.
const QUESTION_AT: usize = 12;

/// How long an answer holds, in seconds.
const TTL_SECONDS: u32 = 300;

/// Serves conversations at one address, and on its port for DNS says that every name is there.
/// `ready` is called once it listens.
///
/// # Errors
/// Where it cannot listen. Else it does not return.
pub fn serve(at: SocketAddr, names: SocketAddr, ready: impl FnOnce()) -> io::Result<()> {
    let listener = Arc::new(listen(at)?);
    let names = UdpSocket::bind(names)?;
    let pool = Arc::new(Pool { idle: AtomicUsize::new(0), threads: AtomicUsize::new(0) });
    worker(&listener, &pool)?;
    ready();
    let mut buffer = [0; QUESTION_BYTES_MAX];
    loop {
        let (size, from) = names.recv_from(&mut buffer)?;
        if let Some(answer) = answer(buffer.get(..size).unwrap_or_default(), at.ip()) {
            // A client that is gone needs no answer.
            let _ = names.send_to(&answer, from);
        }
    }
}

/// Threads that serve.
struct Pool {
    /// How many wait for a connection.
    idle: AtomicUsize,
    threads: AtomicUsize,
}

fn listen(at: SocketAddr) -> io::Result<TcpListener> {
    let domain = if at.is_ipv4() { socket2::Domain::IPV4 } else { socket2::Domain::IPV6 };
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&at.into())?;
    socket.listen(4096)?;
    Ok(socket.into())
}

fn worker(listener: &Arc<TcpListener>, pool: &Arc<Pool>) -> io::Result<()> {
    let (listener, pool) = (Arc::clone(listener), Arc::clone(pool));
    pool.idle.fetch_add(1, Ordering::AcqRel);
    pool.threads.fetch_add(1, Ordering::AcqRel);
    let work = move || {
        loop {
            let Ok((stream, _)) = listener.accept() else { continue };
            let last = pool.idle.fetch_sub(1, Ordering::AcqRel) == 1;
            if last && pool.threads.load(Ordering::Acquire) < THREADS_MAX {
                // Without another thread the next connection waits for this one to end.
                let _ = worker(&listener, &pool);
            }
            // Whatever breaks a conversation ends it.
            let _ = talk(stream);
            pool.idle.fetch_add(1, Ordering::AcqRel);
        }
    };
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).map(drop)
}

fn talk(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut record = [0; 5];
    stream.read_exact(&mut record)?;
    let [.., high, low] = record;
    let length = u64::from(u16::from_be_bytes([high, low]));
    drain(&mut stream, length, &mut [0; 4096])?;
    stream.write_all(&[0x16; ANSWER_BYTES])?;
    loop {
        let mut command = [0; 9];
        match stream.read_exact(&mut command) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        let [letter, number @ ..] = command;
        let mut buffer = vec![0; AT_ONCE];
        match letter {
            DOWN => fill(&mut stream, u64::from_be_bytes(number), &buffer)?,
            UP => {
                drain(&mut stream, u64::from_be_bytes(number), &mut buffer)?;
                stream.write_all(&[1])?;
            }
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// Writes so many bytes.
pub(super) fn fill(stream: &mut impl Write, mut left: u64, bytes: &[u8]) -> io::Result<()> {
    while left > 0 {
        let piece = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        stream.write_all(bytes.get(..piece).unwrap_or_default())?;
        left -= piece as u64;
    }
    Ok(())
}

/// Reads so many bytes.
pub(super) fn drain(stream: &mut impl Read, mut left: u64, buffer: &mut [u8]) -> io::Result<()> {
    while left > 0 {
        let piece = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        match stream.read(buffer.get_mut(..piece).unwrap_or_default())? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => left -= read as u64,
        }
    }
    Ok(())
}

/// The answer to a message with one question: the address, where its kind is asked for. None where
/// it is no such message.
fn answer(message: &[u8], address: IpAddr) -> Option<Vec<u8>> {
    let (id, rest) = message.split_first_chunk::<2>()?;
    let [flags, _, 0, 1, ..] = rest else { return None };
    if flags & 0x80 != 0 {
        return None;
    }
    let mut at = QUESTION_AT;
    while let length @ 1.. = usize::from(*message.get(at)?) {
        at += 1 + length;
    }
    let kind = u16::from_be_bytes(*message.get(at + 1..)?.first_chunk()?);
    let question = message.get(QUESTION_AT..at + 5)?;
    let data = match address {
        IpAddr::V4(address) if kind == A => address.octets().to_vec(),
        IpAddr::V6(address) if kind == AAAA => address.octets().to_vec(),
        IpAddr::V4(_) | IpAddr::V6(_) => Vec::new(),
    };
    let mut out = Vec::new();
    out.put(id).u16(0x8180).u16(1).u16(u16::from(!data.is_empty())).u16(0).u16(0).put(question);
    if !data.is_empty() {
        // The name as in the question.
        out.u16(0xc00c).u16(kind).u16(1).u32(TTL_SECONDS).sized(2, |out| {
            out.put(&data);
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::query;
    use crate::live::serve::lookup::addresses;

    #[test]
    fn every_name_is_at_the_address() {
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        assert_eq!(addresses(&answer(&query(7, "a.test", A), address).unwrap(), A), [address]);
        assert!(addresses(&answer(&query(7, "a.test", AAAA), address).unwrap(), AAAA).is_empty());
        assert_eq!(answer(&query(7, "a.test", A)[..16], address), None);
    }
}
