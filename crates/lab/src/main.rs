//! `creance-lab`: writes captures for tests, demonstrations and benchmarks, and runs a small
//! internet with apps in it.

use creance_lab::{flood, merge::Merge, sample, scenario};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
Usage: creance-lab COMMAND

  list                                 what the scenarios show
  scenarios --out DIR                  write each scenario's capture, and scenarios.tsv
  sample --out FILE                    write the sample capture
  merge --copies N --out FILE FILE...  merge captures into a large pcap, N times over
  flood --flows N --bytes B --out FILE write N small flows, about B bytes (1000, 64M, 10G)

`-` as FILE is standard output. Nothing of these is ever sent: captures are only files.

  internet [--capture FILE] [--lan] [--delay MS] [--serve FOLDER] -- COMMAND...
                                       run a command in a small internet, without root (Linux)
      --capture FILE   write what passes the far end of the uplink (pcap), all of it or fail
      --lan            with a station on a local network of the host's
      --delay MS       servers wait so long before each answer, in milliseconds
      --serve FOLDER   web servers give its files below /files/
  in station -- COMMAND...             run a command in the station, from within the above
  in internet -- COMMAND...            the same at the far end of the uplink (its interface: net0)
  addresses NAME...                    which addresses names have there, a line for each name
  app BEHAVIOUR --host NAME [...]      be an app that behaves well or badly; `app` lists how
      --other NAME     the name that it really means, or a second one (evil.example)
      --port P         of the server
      --via PROXY      socks5://ADDRESS:PORT, http://ADDRESS:PORT, connect://ADDRESS:PORT (an HTTP
                       proxy that is asked to CONNECT for requests in clear as well) or direct
      --ca FILE        the authority of the servers (PEM)
      --address IP     the server's, without asking DNS
      --resolver IP    who is asked
      --bytes N        how much to send or ask for
      --for SECONDS    how long to upload, or to take corrections
      --anywhere       also where this is no small internet: it sends to real hosts

`internet` ends as the command does (128 and the number of a signal; 125 where the lab failed).
The command finds CREANCE_LAB_RESOLVER, CREANCE_LAB_CA, CREANCE_LAB_CAPTURE in its environment.
`app` ends with 0 where something was delivered, 1 where not, 2 where it could not be tried.
";

/// Why a command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
enum LabError {
    #[error("{0}\n\n{USAGE}")]
    Usage(String),
    #[error("cannot write `{path}`")]
    Write { path: String, source: io::Error },
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Behave(#[from] creance_lab::behave::BehaveError),
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Live(#[from] creance_lab::live::LiveError),
    #[cfg(target_os = "linux")]
    #[error("{what} failed")]
    Measure { what: &'static str, source: io::Error },
    #[cfg(not(target_os = "linux"))]
    #[error("`{0}` needs Linux")]
    Elsewhere(String),
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            note(&format!("error: {error}"));
            if let Some(source) = std::error::Error::source(&error) {
                note(&format!("  because: {source}"));
            }
            error.exit()
        }
    }
}

impl LabError {
    /// Of a small internet 125, as of other programs that run a command; else 2.
    fn exit(&self) -> ExitCode {
        match self {
            #[cfg(target_os = "linux")]
            Self::Live(_) => ExitCode::from(125),
            #[cfg(not(target_os = "linux"))]
            Self::Elsewhere(_) => ExitCode::from(125),
            #[cfg(target_os = "linux")]
            Self::Behave(_) | Self::Measure { .. } => ExitCode::from(2),
            Self::Usage(_) | Self::Write { .. } => ExitCode::from(2),
        }
    }
}

fn run(args: &[String]) -> Result<ExitCode, LabError> {
    let Some((command, rest)) = args.split_first() else {
        return Err(LabError::Usage("a command is missing".into()));
    };
    if let Some(done) = running(command, rest) {
        return done;
    }
    write(command, rest).map(|()| ExitCode::SUCCESS)
}

/// The commands that run something.
#[cfg(target_os = "linux")]
fn running(command: &str, rest: &[String]) -> Option<Result<ExitCode, LabError>> {
    use creance_lab::live;
    if matches!(command, "internet" | "in" | "app")
        && matches!(rest, [help] if help == "--help" || help == "-h")
    {
        print(USAGE);
        return Some(Ok(ExitCode::SUCCESS));
    }
    let done = match command {
        "internet" => live::internet(rest),
        "in" => live::enter(rest),
        "app" => return Some(app(rest)),
        // For the project's own measurements, which say how they are called.
        "load" => return Some(load(rest)),
        "sink" => return Some(sink(rest)),
        "addresses" => return Some(addresses(rest)),
        other => live::stage(other, rest)?,
    };
    Some(done.map_err(LabError::from))
}

/// A line for each name: the name, then its addresses.
#[cfg(target_os = "linux")]
fn addresses(names: &[String]) -> Result<ExitCode, LabError> {
    use creance_lab::live::addresses;
    if names.is_empty() {
        return Err(LabError::Usage("`addresses` is followed by names".into()));
    }
    for name in names {
        let found: Vec<String> = addresses::all(name).iter().map(ToString::to_string).collect();
        print(&format!("{name} {}\n", found.join(" ")));
    }
    Ok(ExitCode::SUCCESS)
}

/// One app: its line on standard output, its end as the exit status.
#[cfg(target_os = "linux")]
fn app(args: &[String]) -> Result<ExitCode, LabError> {
    use creance_lab::behave;
    if args.is_empty() {
        print(&behave::list());
        return Ok(ExitCode::SUCCESS);
    }
    let (line, outcome) = behave::run(args)?;
    print(&format!("{line}\n"));
    Ok(ExitCode::from(outcome.code()))
}

/// The server of a measurement; it says a line once it listens, and does not end by itself.
#[cfg(target_os = "linux")]
fn sink(args: &[String]) -> Result<ExitCode, LabError> {
    let args = Args::read(args, &["at", "names"])?;
    let failed = |source| LabError::Measure { what: "serving", source };
    creance_lab::speed::serve(args.parsed("at")?, args.parsed("names")?, || print("listening\n"))
        .map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}

/// The clients of a measurement; what they found goes to standard output as JSON.
#[cfg(target_os = "linux")]
fn load(args: &[String]) -> Result<ExitCode, LabError> {
    use creance_lab::speed::{self, Bulk, Target};
    const OPTIONS: [&str; 9] =
        ["to", "name", "resolver", "tunnel", "clients", "seconds", "count", "bytes", "answer"];
    let Some((kind, rest)) = args.split_first() else {
        return Err(LabError::Usage("`load` needs a kind".into()));
    };
    let args = Args::read(rest, &OPTIONS)?;
    let failed = |what| move |source| LabError::Measure { what, source };
    let name = args.text("name")?;
    let resolver = args.given("resolver").then(|| args.parsed("resolver")).transpose()?;
    let tunnel = args.given("tunnel").then(|| args.parsed("tunnel")).transpose()?;
    let address = speed::way(args.parsed("to")?, &name, resolver).map_err(failed("asking for the name"))?;
    let mut target = Target::new(address, &name, tunnel);
    if args.given("answer") {
        target = target.answered_with(args.size("answer")?);
    }
    let found = match kind.as_str() {
        "connections" => {
            let lasts = std::time::Duration::from_secs(args.number("seconds")?);
            let rate = speed::connections(&target, args.size("clients")?, lasts)
                .map_err(failed("connecting many times"))?;
            let (answered, failed) = (rate.answered, rate.failed);
            format!("{{\"answered\":{answered},\"failed\":{failed},\"seconds\":{}}}", rate.took.as_secs_f64())
        }
        "latency" => {
            let times = speed::latency(&target, args.size("count")?).map_err(failed("connecting in turn"))?;
            let at =
                |part: usize| times.get(times.len() * part / 100).map_or(0, std::time::Duration::as_nanos);
            format!("{{\"p50_ns\":{},\"p99_ns\":{},\"count\":{}}}", at(50), at(99), times.len())
        }
        "down" | "up" => {
            let way = if kind == "down" { Bulk::Down } else { Bulk::Up };
            let bytes = args.number("bytes")?;
            let took = speed::bulk(&target, bytes, way).map_err(failed("moving bulk"))?;
            format!("{{\"bytes\":{bytes},\"seconds\":{}}}", took.as_secs_f64())
        }
        "idle" => {
            let count = args.size("count")?;
            let hold = || {
                print(&format!("{{\"held\":{count}}}\n"));
                // Until whoever started it has looked.
                let _ = io::copy(&mut io::stdin(), &mut io::sink());
            };
            speed::idle(&target, count, hold).map_err(failed("holding connections"))?;
            return Ok(ExitCode::SUCCESS);
        }
        other => return Err(LabError::Usage(format!("`load {other}` is no kind of load"))),
    };
    print(&format!("{found}\n"));
    Ok(ExitCode::SUCCESS)
}

/// The commands that run something.
#[cfg(not(target_os = "linux"))]
fn running(command: &str, _rest: &[String]) -> Option<Result<ExitCode, LabError>> {
    matches!(command, "internet" | "in" | "app" | "addresses" | "load" | "sink")
        .then(|| Err(LabError::Elsewhere(command.to_owned())))
}

/// The commands that write files.
fn write(command: &str, rest: &[String]) -> Result<(), LabError> {
    match command {
        "list" => {
            list();
            Ok(())
        }
        "sample" => {
            write_file(&Args::read(rest, &["out"])?.text("out")?, |out| out.write_all(&sample::capture()))
        }
        "scenarios" => scenarios(&Args::read(rest, &["out"])?.text("out")?),
        "merge" => merge(&Args::read(rest, &["copies", "out"])?),
        "flood" => {
            let args = Args::read(rest, &["flows", "bytes", "out"])?;
            let (flows, bytes) = (args.number("flows")?, args.number("bytes")?);
            write_file(&args.text("out")?, |out| flood::write(flows, bytes, out).map(drop))
        }
        "help" | "--help" | "-h" => {
            print(USAGE);
            Ok(())
        }
        other => Err(LabError::Usage(format!("`{other}` is no command"))),
    }
}

fn list() {
    for story in scenario::all() {
        print(&format!("{:<32} {}\n{:<32} {}\n", story.id, verdicts(&story), "", story.says));
    }
}

fn scenarios(folder: &str) -> Result<(), LabError> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        |source| LabError::Write { path, source }
    };
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let mut table = String::from("file\thonest\texpected\targuments\ttitle\tsays\n");
    for story in scenario::all() {
        let name = format!("{}.{}", story.id, story.extension);
        let path = folder.join(&name);
        std::fs::write(&path, &story.bytes).map_err(failed(&path))?;
        let columns = [
            name,
            if story.honest { "yes" } else { "no" }.to_owned(),
            verdicts(&story),
            story.args.join(" "),
            story.title.to_owned(),
            story.says.to_owned(),
        ];
        table.push_str(&columns.join("\t"));
        table.push('\n');
    }
    let path = folder.join("scenarios.tsv");
    std::fs::write(&path, table).map_err(failed(&path))
}

fn verdicts(story: &scenario::Scenario) -> String {
    let parts: Vec<String> =
        story.expected.iter().map(|(claim, verdict)| format!("{claim}={verdict}")).collect();
    parts.join(", ")
}

fn merge(args: &Args) -> Result<(), LabError> {
    let copies = u32::try_from(args.number("copies")?)
        .map_err(|_| LabError::Usage("`--copies` is too large".into()))?;
    if args.files.is_empty() {
        return Err(LabError::Usage("`merge` needs captures to merge".into()));
    }
    let mut merged = Merge::default();
    for path in &args.files {
        let taken = std::fs::read(path)
            .map_err(|error| error.to_string())
            .and_then(|file| merged.add(&file).map_err(|error| error.to_string()));
        match taken {
            Ok(taken) if taken.skipped > 0 => {
                note(&format!("{path}: left out {} packets that are not Ethernet", taken.skipped));
            }
            Ok(_) => {}
            Err(error) => note(&format!("{path}: left out: {error}")),
        }
    }
    let mut size = 0;
    write_file(&args.text("out")?, |out| {
        size = merged.write(copies, out)?;
        Ok(())
    })?;
    note(&format!("{size} bytes in {copies} copies of {}", merged.copy_bytes()));
    Ok(())
}

/// Opens a file or standard output and lets `body` write to it.
fn write_file(path: &str, body: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), LabError> {
    let failed = |source| LabError::Write { path: path.to_owned(), source };
    if path == "-" {
        let mut out = io::stdout().lock();
        return body(&mut out).and_then(|()| out.flush()).map_err(failed);
    }
    let mut out = File::create(path).map_err(failed)?;
    body(&mut out).map_err(failed)
}

/// Options of the form `--name value`, and files.
struct Args {
    options: Vec<(String, String)>,
    files: Vec<String>,
}

impl Args {
    fn read(args: &[String], known: &[&str]) -> Result<Self, LabError> {
        let mut out = Self { options: Vec::new(), files: Vec::new() };
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let Some(name) = arg.strip_prefix("--") else {
                out.files.push(arg.clone());
                continue;
            };
            if !known.contains(&name) {
                return Err(LabError::Usage(format!("`{arg}` is no option here")));
            }
            let value = rest.next().ok_or_else(|| LabError::Usage(format!("`{arg}` needs a value")))?;
            out.options.push((name.to_owned(), value.clone()));
        }
        Ok(out)
    }

    fn text(&self, name: &str) -> Result<String, LabError> {
        let found = self.options.iter().rev().find(|(option, _)| option == name);
        found.map(|(_, value)| value.clone()).ok_or_else(|| LabError::Usage(format!("`--{name}` is missing")))
    }

    #[cfg(target_os = "linux")]
    fn given(&self, name: &str) -> bool {
        self.options.iter().any(|(option, _)| option == name)
    }

    #[cfg(target_os = "linux")]
    fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<T, LabError> {
        let text = self.text(name)?;
        text.parse().map_err(|_| LabError::Usage(format!("`--{name}`: `{text}` cannot be read")))
    }

    #[cfg(target_os = "linux")]
    fn size(&self, name: &str) -> Result<usize, LabError> {
        usize::try_from(self.number(name)?).map_err(|_| LabError::Usage(format!("`--{name}` is too large")))
    }

    /// A number; `K`, `M` and `G` multiply by powers of 1000.
    fn number(&self, name: &str) -> Result<u64, LabError> {
        let text = self.text(name)?;
        let (digits, factor) = match text.char_indices().last() {
            Some((at, 'K' | 'k')) => (text.get(..at), 1_000),
            Some((at, 'M' | 'm')) => (text.get(..at), 1_000_000),
            Some((at, 'G' | 'g')) => (text.get(..at), 1_000_000_000),
            Some(_) | None => (Some(text.as_str()), 1),
        };
        let value = digits.and_then(|digits| digits.parse::<u64>().ok());
        value
            .and_then(|value| value.checked_mul(factor))
            .ok_or_else(|| LabError::Usage(format!("`--{name}`: `{text}` is no number")))
    }
}

#[expect(clippy::print_stdout, reason = "what this program is asked for goes to standard output")]
fn print(text: &str) {
    print!("{text}");
}

#[expect(clippy::print_stderr, reason = "messages go beside the data")]
fn note(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_strictly() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let args = Args::read(&words("--copies 3 a --out x b"), &["copies", "out"]).unwrap();
        assert_eq!(args.number("copies").unwrap(), 3);
        assert_eq!((args.text("out").unwrap().as_str(), args.files.join(" ").as_str()), ("x", "a b"));
        assert!(Args::read(&words("--speed 3"), &["copies"]).is_err());
        assert!(Args::read(&words("--copies"), &["copies"]).is_err());
        for (text, value) in [
            ("10G", Some(10_000_000_000)),
            ("64M", Some(64_000_000)),
            ("7", Some(7)),
            ("G", None),
            ("-1", None),
            ("99999999999G", None),
        ] {
            let args = Args::read(&words(&format!("--bytes {text}")), &["bytes"]).unwrap();
            assert_eq!(args.number("bytes").ok(), value, "{text}");
        }
    }
}
