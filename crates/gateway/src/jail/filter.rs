//! System calls that the app does not have.

use crate::jail::JailError;
use creance_sys::calls;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter, sock_filter,
};
use std::collections::BTreeMap;

/// Rules by the number of the call; a call with an empty list is refused whatever its arguments.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

// Instructions of the kernel's filter machine, and where a call's facts stand (linux/filter.h,
// linux/seccomp.h, linux/audit.h).
const LOAD_WORD: u16 = 0x20;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;
const NUMBER_AT: u32 = 0;
const PROCESSOR_AT: u32 = 4;
const RETURN_ERROR: u32 = 0x0005_0000;
const PROCESSOR_X86_64: u32 = 0xc000_003e;
const PROCESSOR_AARCH64: u32 = 0xc000_00b7;
const PROCESSOR_RISCV64: u32 = 0xc000_00f3;
/// Numbers of calls from here on are those of x32, on the processor of x86-64.
const X32: u32 = 0x4000_0000;

/// Takes the calls from this process and from all that it starts, for good.
pub(super) fn install() -> Result<(), JailError> {
    for program in programs()? {
        apply_filter(&program).map_err(|error| {
            JailError::new(format!("the jail could not be made: filtering calls: {error}"))
        })?;
    }
    Ok(())
}

fn programs() -> Result<Vec<BpfProgram>, JailError> {
    let wrong = |error: seccompiler::BackendError| {
        JailError::new(format!("the jail could not be made: composing the filter of calls: {error}"))
    };
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(wrong)?;
    [
        (absent(), calls::ENOSYS),
        (typing().map_err(wrong)?, calls::EPERM),
        (families().map_err(wrong)?, calls::EAFNOSUPPORT),
    ]
    .into_iter()
    .map(|(rules, error)| {
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(error), arch);
        let body: BpfProgram = filter.and_then(TryInto::try_into).map_err(wrong)?;
        Ok(other_abis(arch).into_iter().chain(body).collect())
    })
    .collect()
}

/// Ends a call of another ABI, whose numbers the rules would misread, before they see it.
fn other_abis(arch: TargetArch) -> Vec<sock_filter> {
    let instruction = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    let (processor, x32) = match arch {
        TargetArch::x86_64 => (PROCESSOR_X86_64, true),
        TargetArch::aarch64 => (PROCESSOR_AARCH64, false),
        TargetArch::riscv64 => (PROCESSOR_RISCV64, false),
    };
    let refuse = instruction(RETURN, 0, 0, RETURN_ERROR | calls::ENOSYS);
    let mut head =
        vec![instruction(LOAD_WORD, 0, 0, PROCESSOR_AT), instruction(JUMP_EQUAL, 1, 0, processor), refuse];
    if x32 {
        let refuse = instruction(RETURN, 0, 0, RETURN_ERROR | calls::ENOSYS);
        head.extend([instruction(LOAD_WORD, 0, 0, NUMBER_AT), instruction(JUMP_AT_LEAST, 0, 1, X32), refuse]);
    }
    head
}

/// Calls that are taken for missing, which programs expect of old kernels.
fn absent() -> Rules {
    [&calls::IO_URING[..], &calls::KEYS[..], &calls::KERNEL[..]]
        .concat()
        .into_iter()
        .map(|call| (call, Vec::new()))
        .collect()
}

/// Typing into the terminal that the app shares with the shell outside. The kernel reads the low
/// half of the request alone.
fn typing() -> Result<Rules, seccompiler::BackendError> {
    let request = |number| {
        SeccompRule::new(vec![SeccompCondition::new(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, number)?])
    };
    Ok([(calls::IOCTL, vec![request(calls::TIOCSTI)?, request(calls::TIOCLINUX)?])].into())
}

/// Sockets of families that are not the jail's network: the kernel's own, a hypervisor's, frames.
fn families() -> Result<Rules, seccompiler::BackendError> {
    let others: Result<Vec<SeccompCondition>, _> = calls::FAMILIES
        .iter()
        .map(|family| SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, u64::from(*family)))
        .collect();
    let rule = SeccompRule::new(others?)?;
    Ok([(calls::SOCKET, vec![rule.clone()]), (calls::SOCKETPAIR, vec![rule])].into())
}
