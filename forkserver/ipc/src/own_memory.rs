//! Reads this process's memory where it may not be mapped: what cannot be read is an
//! answer, not a fault.

use crate::{
    Errno,
    errno::{check, system_call},
};

const PAGE: usize = 4096;

/// Copies what lies at `address` to `into`, up to the first page that cannot be
/// read. Returns how many bytes were copied. `into` may touch two pages at most,
/// so it is no longer than one.
///
/// # Errors
/// `EFAULT` when there is nothing to read, `EINVAL` when `into` is too long,
/// `EPERM` or `ENOSYS` where a filter keeps the process from asking.
pub fn read(address: usize, into: &mut [u8]) -> Result<usize, Errno> {
    if into.len() > PAGE || address.checked_add(into.len()).is_none() {
        return Err(Errno(libc::EINVAL));
    }
    let part = |start: usize, length: usize| libc::iovec {
        iov_base: start as *mut libc::c_void,
        iov_len: length,
    };
    let local = part(into.as_mut_ptr() as usize, into.len());
    // The kernel copies whole parts only, so each page is a part.
    let first = into.len().min(PAGE - address % PAGE);
    let remote = [
        part(address, first),
        part(address + first, into.len() - first),
    ];
    let parts = if first < into.len() { 2 } else { 1 };
    // SAFETY: the kernel writes at most `into.len()` bytes to `into`, and reads the
    // iovecs, which live until it returns. What it cannot read, it does not.
    check(unsafe {
        system_call!(
            process_vm_readv,
            crate::process::id().get(),
            &raw const local,
            1,
            remote.as_ptr(),
            parts,
            0
        )
    })
}
