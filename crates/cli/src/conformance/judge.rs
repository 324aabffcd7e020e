//! Whether what came of an attempt is right: by the tap, and by whether the app was answered.

use super::group::Case;
use super::right::Due;
use super::stage::Came;
use super::tap::Trace;

/// What is known of a row from the same attempt without a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Control {
    /// It was delivered, so that what is withheld elsewhere was withheld by the gateway.
    Delivered,
    /// This kernel cannot do it.
    NotTried(String),
    /// It was not delivered, so that nothing can be concluded.
    Failed(String),
}

/// What an attempt was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it has to be.
    Right(Due),
    /// Otherwise.
    Wrong(String),
    /// It could not be tried here, which is not right either.
    NotTried(String),
    /// It is not delivered without a gateway either, so that it proves nothing.
    Unproven(String),
}

/// An attempt without a gateway.
pub(super) fn control(case: &Case, came: &Came, trace: &Trace) -> Control {
    match came.code {
        2 if case.row.kernel => Control::NotTried(came.line.clone()),
        // To be asked is to be reached, for who carries data in questions.
        0 if trace.up > 0 || !trace.asked.is_empty() || !case.row.leaves() => Control::Delivered,
        0 => Control::Failed(format!("the tap saw nothing of it, though the app says `{}`", came.line)),
        _ => Control::Failed(came.line.clone()),
    }
}

/// An attempt through a gateway.
pub(super) fn judge(case: &Case, came: &Came, trace: &Trace, control: Option<&Control>) -> Verdict {
    if let Some(what) = fault(case, came, trace) {
        return Verdict::Wrong(what);
    }
    match control {
        Some(Control::Delivered) => Verdict::Right(case.due),
        Some(Control::NotTried(why)) => Verdict::NotTried(why.clone()),
        Some(Control::Failed(why)) => {
            Verdict::Unproven(format!("without a gateway it is not delivered either: {why}"))
        }
        None => Verdict::Unproven("it was not tried without a gateway".to_owned()),
    }
}

/// What is wrong, if anything.
fn fault(case: &Case, came: &Came, trace: &Trace) -> Option<String> {
    let answered = match came.code {
        0 => true,
        1 => false,
        // What a jail refuses may look as if the kernel had none of it.
        2 if case.row.kernel && case.due == Due::Withheld => false,
        code => return Some(format!("the app could not try it ({code}): {}", came.line)),
    };
    let unanswered = || Some(format!("the app was not answered: {}", came.line));
    let too_far = || Some(format!("the app was answered: {}", came.line));
    if let Some(flow) = trace.elsewhere.first() {
        return Some(format!("something passed to its second host: {flow}"));
    }
    match case.due {
        Due::Delivered | Due::DeliveredAnyhow if !answered => unanswered(),
        Due::Delivered | Due::DeliveredAnyhow if trace.up == 0 => {
            Some(format!("the app was answered (`{}`) and the tap saw nothing of it", came.line))
        }
        Due::Delivered => only_its_name(case, trace),
        Due::DeliveredAnyhow => None,
        Due::Withheld | Due::Answered if !trace.is_empty() => Some(passed(trace)),
        Due::Withheld if answered => too_far(),
        Due::Answered if !answered => unanswered(),
        Due::Withheld | Due::Answered => None,
        Due::FirstAlone if answered => too_far(),
        Due::FirstAlone if trace.up == 0 => Some(format!("its first request did not pass: {}", came.line)),
        Due::FirstAlone => only_its_name(case, trace),
    }
}

/// A flow may bear the host's name, or none.
fn only_its_name(case: &Case, trace: &Trace) -> Option<String> {
    let other = trace.names.iter().chain(&trace.asked).find(|name| **name != case.host)?;
    Some(format!("it passed under the name `{other}`"))
}

fn passed(trace: &Trace) -> String {
    let flows = trace.flows.first().map(|flow| format!("passed: {flow}"));
    flows.unwrap_or_else(|| {
        let names: Vec<&str> = trace.asked.iter().map(String::as_str).collect();
        format!("a resolver was asked for {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::super::front::{Front, Setting};
    use super::super::group::Id;
    use super::super::rows;
    use super::*;

    fn case(id: &str, setting: Setting) -> Case {
        let row = rows::all().into_iter().find(|row| row.id == id).unwrap();
        Case::new(&row, Id::Gateway(Front::Transparent, setting))
    }

    fn came(code: i32) -> Came {
        Came { code, line: String::new() }
    }

    fn trace(up: u64, names: &[&str]) -> Trace {
        let flows = vec!["a flow".to_owned()];
        Trace { up, flows, names: names.iter().map(|name| (*name).to_owned()).collect(), ..Trace::default() }
    }

    fn is_right(case: &Case, code: i32, trace: &Trace) -> bool {
        judge(case, &came(code), trace, Some(&Control::Delivered)) == Verdict::Right(case.due)
    }

    #[test]
    fn what_is_withheld_leaves_nothing_at_the_tap_and_the_app_without_an_answer() {
        let case = case("denied", Setting::Exempt);
        assert!(is_right(&case, 1, &Trace::default()));
        assert!(!is_right(&case, 0, &Trace::default()));
        assert!(!is_right(&case, 2, &Trace::default()), "what was not tried is not right");
        assert!(!is_right(&case, 125, &Trace::default()));
        assert!(!is_right(&case, 1, &trace(0, &[])), "a mere connection is something");
        let asked = Trace { asked: [case.host.clone()].into(), ..Trace::default() };
        assert!(!is_right(&case, 1, &asked), "a question is something");
    }

    #[test]
    fn what_is_delivered_is_answered_and_seen_under_its_own_name() {
        let case = case("allowed", Setting::Exempt);
        assert!(is_right(&case, 0, &trace(9, &[case.host.as_str()])));
        assert!(!is_right(&case, 1, &trace(9, &[case.host.as_str()])));
        assert!(!is_right(&case, 0, &Trace::default()));
        assert!(!is_right(&case, 0, &trace(9, &[case.host.as_str(), "evil.test"])));
        let elsewhere = Trace { elsewhere: vec!["a flow".to_owned()], ..trace(9, &[]) };
        assert!(!is_right(&case, 0, &elsewhere));
    }

    #[test]
    fn of_two_requests_the_second_stays() {
        let case = case("http-second-host", Setting::Restricted);
        assert!(is_right(&case, 1, &trace(9, &[case.host.as_str()])));
        assert!(!is_right(&case, 0, &trace(9, &[case.host.as_str()])));
        assert!(!is_right(&case, 1, &Trace::default()));
        assert!(!is_right(&case, 1, &trace(9, &[case.other.as_ref().unwrap()])));
    }

    #[test]
    fn what_no_control_delivered_proves_nothing_and_a_leak_is_one_all_the_same() {
        let case = case("icmp", Setting::Exempt);
        let of = |control: Option<&Control>, trace: &Trace| judge(&case, &came(1), trace, control);
        let nothing = Trace::default();
        let not_tried = Control::NotTried(String::new());
        let failed = Control::Failed(String::new());
        assert!(matches!(of(Some(&not_tried), &nothing), Verdict::NotTried(_)));
        assert!(matches!(of(Some(&failed), &nothing), Verdict::Unproven(_)));
        assert!(matches!(of(None, &nothing), Verdict::Unproven(_)));
        for control in [Some(&not_tried), Some(&failed), None] {
            assert!(matches!(of(control, &trace(9, &[])), Verdict::Wrong(_)));
        }
        assert!(is_right(&case, 2, &Trace::default()), "a jail may say that there is none");
    }

    #[test]
    fn a_control_needs_the_tap_as_well() {
        let case = case("allowed", Setting::Exempt);
        assert_eq!(control(&case, &came(0), &trace(9, &[])), Control::Delivered);
        assert!(matches!(control(&case, &came(0), &Trace::default()), Control::Failed(_)));
        assert!(matches!(control(&case, &came(2), &Trace::default()), Control::Failed(_)));
        assert!(matches!(control(&case, &came(1), &trace(9, &[])), Control::Failed(_)));
    }
}
