//! From flows, catalogue and policy to findings, verdicts, evidence and the report.
//!
//! [`Reading`] takes captures to flow records; [`audit`] judges each of them and decides the
//! claims; the [`report`] is what a reader gets. Nothing here trusts a gateway: what is said
//! rests on packets, and a gateway's ledger beside them can lower a verdict and never lift one.

mod asked;
mod audit;
mod claims;
mod clerk;
mod contacts;
mod coverage;
mod evidence;
mod flows;
mod headline;
mod inputs;
mod judged;
mod knowledge;
mod mode;
mod ownership;
mod protection;
mod question;
mod reading;
mod reconcile;
pub mod report;
mod sent;
mod stations;
mod text;
mod who;

pub use audit::audit;
pub use knowledge::{Knowledge, digest_of_files, hex};
pub use mode::facts as service_facts;
pub use ownership::Baseline;
pub use question::{Moment, Network, NetworkError, Question, WindowError, WindowSpec};
pub use reading::{InputFile, InputRead, Reading, ReadingError};
pub use reconcile::{Books, LogFiles, LogSource};
