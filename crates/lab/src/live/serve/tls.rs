//! TLS with a certificate for whatever name is asked for.

use super::{Manner, SIGN, inside, names};
use crate::live::LiveError;
use crate::tls::Authority;
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{Acceptor, ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{ServerConfig, StreamOwned};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};

/// The most certificates that are kept; then all are made anew.
const CERTIFICATES_MAX: usize = 4096;
/// The name in the certificate of one who names nobody.
const NOBODY: &str = "nobody.example";
/// The most bytes of a hello that are looked at.
const HELLO_BYTES_MAX: usize = 80 << 10;

/// The TLS side of the far end.
pub(super) struct Server {
    config: Arc<ServerConfig>,
}

impl Server {
    pub(super) fn new(authority: Authority) -> Result<Self, LiveError> {
        let failed = |source: io::Error| LiveError::Io { what: "cannot set up TLS".into(), source };
        let key = PrivateKeyDer::try_from(authority.server_key())
            .map_err(|error| failed(io::Error::other(error)))?;
        let key = any_supported_type(&key).map_err(|error| failed(io::Error::other(error)))?;
        let minter = Minter { authority, key, minted: Mutex::default() };
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(io::Error::other(error)))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(minter));
        config.alpn_protocols = vec![b"http/1.1".to_vec(), b"mqtt".to_vec(), b"dot".to_vec()];
        Ok(Self { config: Arc::new(config) })
    }

    /// Shakes hands and speaks what is inside. To a hello that no server of today would take, and
    /// to what is none, it says in clear how much came: that is what an app has to learn.
    pub(super) fn serve(&self, mut stream: TcpStream, manner: &Manner, dns: bool) -> io::Result<()> {
        let mut acceptor = Acceptor::default();
        let mut heard = 0;
        let accepted = loop {
            heard += acceptor.read_tls(&mut stream)?;
            if heard == 0 {
                return Ok(());
            }
            match acceptor.accept() {
                Ok(Some(accepted)) => break accepted,
                Ok(None) if heard < HELLO_BYTES_MAX => {}
                Ok(None) | Err(_) => return refuse(stream, heard),
            }
        };
        std::thread::sleep(manner.delay);
        let Ok(connection) = accepted.into_connection(Arc::clone(&self.config)) else {
            return refuse(stream, heard);
        };
        let mut stream = StreamOwned::new(connection, stream);
        if dns { names::serve(&mut stream, Vec::new(), manner.delay) } else { inside(&mut stream, manner) }?;
        stream.conn.send_close_notify();
        stream.flush()
    }
}

fn refuse(mut stream: TcpStream, heard: usize) -> io::Result<()> {
    // In one piece, so that an app reads all of it.
    stream.write_all(format!("{SIGN} heard {heard} bytes\r\n").as_bytes())?;
    stream.shutdown(std::net::Shutdown::Write)?;
    // What has not been read when a socket closes becomes a reset, which could overtake the line.
    io::copy(&mut stream.take(HELLO_BYTES_MAX as u64), &mut io::sink())?;
    Ok(())
}

/// Makes certificates when they are asked for.
struct Minter {
    authority: Authority,
    key: Arc<dyn SigningKey>,
    minted: Mutex<BTreeMap<String, Arc<CertifiedKey>>>,
}

impl std::fmt::Debug for Minter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Minter")
    }
}

impl ResolvesServerCert for Minter {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().unwrap_or(NOBODY).to_ascii_lowercase();
        let mut minted = self.minted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = minted.get(&name) {
            return Some(Arc::clone(known));
        }
        let chain = self.authority.issue_live(&name).ok()?;
        let chain = chain.0.into_iter().map(CertificateDer::from).collect();
        let made = Arc::new(CertifiedKey::new(chain, Arc::clone(&self.key)));
        if minted.len() >= CERTIFICATES_MAX {
            minted.clear();
        }
        minted.insert(name, Arc::clone(&made));
        Some(made)
    }
}
