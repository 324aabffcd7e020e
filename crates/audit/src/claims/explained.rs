//! Claim 1: every outbound flow is inventoried and explained.

use super::{Examine, Finding};
use crate::evidence::Why;
use crate::judged::Judged;

#[derive(Debug)]
pub(crate) struct Explained;

impl Examine for Explained {
    fn number(&self) -> u8 {
        1
    }

    fn statement(&self) -> String {
        "Every outbound flow is inventoried and explained".into()
    }

    fn needs(&self) -> &'static str {
        "every packet, drops known to be zero, and for each flow a catalogued service whose name is tied to its address"
    }

    fn examine<'j>(&mut self, judged: &Judged<'j>) -> Finding<'j> {
        let who = judged.who;
        if judged.flow.is_tunnel {
            return Finding::Against(Why::from(format!(
                "a tunnel to {} that no service explains",
                judged.seen.remote.addr
            )));
        }
        if let Some(why) = judged.blinding.first() {
            return Finding::Open(Why::just(why));
        }
        if let Some(name) = who.names.iter().find(|name| name.listed.is_empty()) {
            return Finding::Against(Why::from(format!("{} is in no catalogue", name.text)));
        }
        if who.names.is_empty() {
            let unread = judged.flow.started == creance_capture::Started::MidStream
                || judged.flow.truncated_packets > 0;
            let text = format!("{} to {} without a name", judged.flow.transport, judged.seen.remote.addr);
            return if unread { Finding::Open(text.into()) } else { Finding::Against(text.into()) };
        }
        if judged.is_certain() {
            Finding::Agrees
        } else {
            Finding::Open(Why::about("{} is only claimed, or its flow has anomalies", judged.to))
        }
    }
}
