//! What the small internet is asked for, the addresses of its links, and the programs that make
//! them.

use super::LiveError;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The far end of the uplink, which is also the resolver.
pub(super) const FAR: &str = "192.0.2.1";
/// The station's gateway and resolver.
pub(super) const LAN_GATEWAY: &str = "192.168.50.1";
/// The most milliseconds that servers may wait.
const DELAY_MS_MAX: u64 = 60_000;

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Config {
    /// Where the tap writes, an absolute path.
    pub(super) capture: Option<String>,
    /// Whether there is a station.
    pub(super) lan: bool,
    /// How long servers wait before each answer, in milliseconds.
    pub(super) delay_ms: u64,
    /// Whose files web servers give below `/files/`, an absolute path.
    pub(super) serve: Option<String>,
    /// What to run.
    pub(super) command: Vec<String>,
}

impl Config {
    /// Reads `[--capture FILE] [--lan] [--delay MS] [--serve FOLDER] -- COMMAND…`.
    pub(super) fn read(args: &[String]) -> Result<Self, LiveError> {
        let usage = |text: String| LiveError::Usage(text);
        let mut config = Self::default();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let mut value = || rest.next().cloned().ok_or_else(|| usage(format!("`{arg}` needs a value")));
            match arg.as_str() {
                "--capture" => config.capture = Some(absolute(&value()?, "a capture")?),
                "--serve" => config.serve = Some(absolute(&value()?, "a folder of files")?),
                "--lan" => config.lan = true,
                "--delay" => {
                    let text = value()?;
                    config.delay_ms =
                        text.parse().ok().filter(|ms| *ms <= DELAY_MS_MAX).ok_or_else(|| {
                            usage(format!("`--delay`: `{text}` is no number up to {DELAY_MS_MAX}"))
                        })?;
                }
                "--" => {
                    config.command = rest.cloned().collect();
                    break;
                }
                other => {
                    return Err(usage(format!(
                        "`{other}` is no option of `internet`; a command follows `--`"
                    )));
                }
            }
        }
        if config.command.is_empty() {
            return Err(usage("a command is missing after `--`".into()));
        }
        Ok(config)
    }

    /// The same as arguments, for a stage.
    pub(super) fn args(&self) -> Vec<String> {
        let mut out = vec!["--delay".to_owned(), self.delay_ms.to_string()];
        if let Some(capture) = &self.capture {
            out.extend(["--capture".to_owned(), capture.clone()]);
        }
        if self.lan {
            out.push("--lan".into());
        }
        if let Some(folder) = &self.serve {
            out.extend(["--serve".to_owned(), folder.clone()]);
        }
        out.push("--".into());
        out.extend(self.command.iter().cloned());
        out
    }

    /// How long servers wait before each answer.
    pub(super) const fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }
}

fn absolute(path: &str, what: &str) -> Result<String, LiveError> {
    let whole =
        std::path::absolute(path).map_err(LiveError::io(format!("`{path}` is no path for {what}")))?;
    Ok(whole.to_string_lossy().into_owned())
}

/// Runs lines of `ip`, in the namespace of the calling thread.
pub(super) fn ip(lines: &str) -> Result<(), LiveError> {
    feed("ip", &["-batch", "-"], lines)
}

/// The same where a line does not show that it is about IPv6.
pub(super) fn ip6(lines: &str) -> Result<(), LiveError> {
    feed("ip", &["-6", "-batch", "-"], lines)
}

/// Loads rules of `nft`, in the namespace of the calling thread.
pub(super) fn nft(rules: &str) -> Result<(), LiveError> {
    feed("nft", &["-f", "-"], rules)
}

fn feed(program: &str, args: &[&str], text: &str) -> Result<(), LiveError> {
    let failed = |why: String| LiveError::Program { program: program.to_owned(), why };
    let not_started = |error: io::Error| failed(format!("could not be started: {error}"));
    let mut child = Command::new(program)
        .args(args)
        .env("PATH", search_path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(not_started)?;
    if let Some(mut input) = child.stdin.take() {
        // A program that stops reading says why itself.
        drop(input.write_all(text.as_bytes()));
    }
    let output = child.wait_with_output().map_err(not_started)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(failed(format!("failed: {}", said.trim())))
}

/// Where programs are looked for: users often lack the folders of administration.
pub(super) fn search_path() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/sbin:/sbin:/usr/bin:/bin").trim_start_matches(':').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, LiveError> {
        Config::read(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn arguments_are_read_strictly_and_go_round() {
        let config = read("--capture /a/b.pcap --lan --delay 20 --serve /a/c -- sh -c --lan").unwrap();
        assert_eq!(config.capture.as_deref(), Some("/a/b.pcap"));
        assert!(config.lan);
        assert_eq!(config.delay_ms, 20);
        assert_eq!(config.serve.as_deref(), Some("/a/c"));
        assert_eq!(config.command, ["sh", "-c", "--lan"]);
        assert_eq!(Config::read(&config.args()).unwrap(), config);
        for wrong in ["--lan", "--lan --", "sh", "--delay x -- sh", "--delay 60001 -- sh", "--capture"] {
            assert!(matches!(read(wrong), Err(LiveError::Usage(_))), "{wrong}");
        }
    }
}
