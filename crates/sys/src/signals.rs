//! Signals: which wait, and an end by one.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Signals that wait until they are let through.
#[derive(Clone, Copy)]
pub struct SignalMask(libc::sigset_t);

/// Lets all signals wait, for this thread and for what it starts, and returns which did before.
///
/// # Errors
/// Where the kernel refuses, which it does not.
pub fn block_signals() -> io::Result<SignalMask> {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    #[expect(unsafe_code, reason = "no library offers it as safe")]
    // SAFETY: the pointer is to room for a set, which the call fills.
    let result = unsafe { libc::sigfillset(all.as_mut_ptr()) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    #[expect(unsafe_code, reason = "filled above")]
    // SAFETY: `sigfillset` succeeded and has written the whole set.
    let all = unsafe { all.assume_init() };
    set_mask(&all)
}

/// Lets no signal wait.
///
/// # Errors
/// Where the kernel refuses, which it does not.
pub fn unblock_signals() -> io::Result<()> {
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    #[expect(unsafe_code, reason = "no library offers it as safe")]
    // SAFETY: the pointer is to room for a set, which the call fills.
    let result = unsafe { libc::sigemptyset(none.as_mut_ptr()) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    #[expect(unsafe_code, reason = "filled above")]
    // SAFETY: `sigemptyset` succeeded and has written the whole set.
    let none = unsafe { none.assume_init() };
    set_mask(&none).map(drop)
}

/// Lets wait what waited before.
///
/// # Errors
/// Where the kernel refuses, which it does not.
pub fn restore_signals(mask: SignalMask) -> io::Result<()> {
    set_mask(&mask.0).map(drop)
}

/// Ends this process by a signal, as another ended, without a core of its own. Returns where the
/// signal does not end a process.
///
/// # Errors
/// Where there is no such signal.
pub fn die_of(signal: i32) -> io::Result<()> {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    #[expect(unsafe_code, reason = "no library offers it as safe")]
    // SAFETY: the limit lives until the call returns, which reads it.
    let limited = unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
    if limited != 0 {
        return Err(io::Error::last_os_error());
    }
    #[expect(unsafe_code, reason = "no library offers it as safe")]
    // SAFETY: the default disposition runs no code of this process.
    let before = unsafe { libc::signal(signal, libc::SIG_DFL) };
    // Those that cannot be caught cannot be reset either, and need not be.
    if before == libc::SIG_ERR && signal != libc::SIGKILL && signal != libc::SIGSTOP {
        return Err(io::Error::last_os_error());
    }
    unblock_signals()?;
    #[expect(unsafe_code, reason = "no library offers it as safe")]
    // SAFETY: with the default disposition no handler runs.
    let raised = unsafe { libc::raise(signal) };
    if raised == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn set_mask(new: &libc::sigset_t) -> io::Result<SignalMask> {
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    #[expect(unsafe_code, reason = "no library offers it as safe")]
    // SAFETY: `new` is a set and `before` has room for one; both live until the call returns.
    let result = unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, ptr::from_ref(new), before.as_mut_ptr()) };
    if result != 0 {
        return Err(io::Error::from_raw_os_error(result));
    }
    #[expect(unsafe_code, reason = "filled above")]
    // SAFETY: the call succeeded and has written the whole set.
    let before = unsafe { before.assume_init() };
    Ok(SignalMask(before))
}
