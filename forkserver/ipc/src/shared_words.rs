//! Words that a process shares with what it forks: anonymous shared memory.

use crate::{
    Errno,
    errno::{check, system_call},
};
use core::sync::atomic::AtomicU32;

/// Maps `N` words, all zero, that stay mapped in this process and in each one that it
/// forks from now on.
///
/// # Errors
/// Those of `mmap(2)`: `ENOMEM` when there is no room in the address space.
pub fn map<const N: usize>() -> Result<&'static [AtomicU32; N], Errno> {
    const { assert!(N > 0) };
    const ACCESS: i32 = libc::PROT_READ | libc::PROT_WRITE;
    const KIND: i32 = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    // SAFETY: without MAP_FIXED a new mapping touches no other.
    let address = check(unsafe {
        system_call!(mmap, 0, size_of::<[AtomicU32; N]>(), ACCESS, KIND, -1i32, 0)
    })?;
    // SAFETY: the kernel mapped at least that many bytes from a page boundary on, all
    // zero, which is a value of each atomic; nobody unmaps them.
    Ok(unsafe { &*(address as *const [AtomicU32; N]) })
}

#[cfg(test)]
mod tests {
    use super::map;
    use crate::process::{self, Forked};
    use core::sync::atomic::{AtomicI32, Ordering};

    #[test]
    fn what_a_child_writes_its_parent_reads() {
        let words = map::<2>().unwrap();
        let pid = AtomicI32::new(0);
        // SAFETY: the child makes one store and one system call, and never returns.
        match unsafe { process::fork(&pid, None) }.unwrap() {
            Forked::Child => {
                words[1].store(7, Ordering::Relaxed);
                process::exit_now(0)
            }
            Forked::Parent(child) => assert_eq!(process::wait(child, false), Ok(0)),
        }
        assert_eq!(
            words.each_ref().map(|word| word.load(Ordering::Relaxed)),
            [0, 7]
        );
    }
}
