//! Which pages were written: user-fault write-protect in its async mode, read back
//! by the `PAGEMAP_SCAN` request (Linux 6.7). Here it is only tried out, on two pages
//! of this process.

use crate::{
    Errno,
    errno::{check, system_call},
};
use core::mem::size_of;

/// The step that failed, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// `userfaultfd(2)`: missing, or forbidden by a container.
    Open,
    /// The features: a kernel before 6.7 lacks the async mode.
    Features,
    /// Memory to try it on.
    Memory,
    /// Watching the memory.
    Register,
    /// Protecting it.
    Protect,
    /// Opening `/proc/self/pagemap`.
    Pagemap,
    /// The request `PAGEMAP_SCAN`.
    Scan,
    /// All calls succeed, but the page that was written is not the one that is named.
    Result,
}

impl core::fmt::Display for Step {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Open => "userfaultfd(2)",
            Self::Features => "UFFDIO_API with the async write-protect mode",
            Self::Memory => "mmap(2)",
            Self::Register => "UFFDIO_REGISTER",
            Self::Protect => "UFFDIO_WRITEPROTECT",
            Self::Pagemap => "/proc/self/pagemap",
            Self::Scan => "PAGEMAP_SCAN",
            Self::Result => "the list of written pages",
        })
    }
}

const PAGE: usize = 4096;
const PAGES: usize = 2;

const API: u64 = 0xaa;
const FEATURE_UNPOPULATED: u64 = 1 << 13;
const FEATURE_ASYNC: u64 = 1 << 15;
const USER_MODE_ONLY: i32 = 1;
const MODE_WRITE_PROTECT: u64 = 1 << 1;
const PROTECT: u64 = 1;
const PAGE_IS_WRITTEN: u64 = 1 << 1;
const ONLY_PROTECTED_ASYNC: u64 = 1 << 1;

/// The number of an `ioctl` request that reads and writes an argument.
const fn request(kind: u8, number: u8, size: usize) -> usize {
    (3 << 30) | (size << 16) | ((kind as usize) << 8) | number as usize
}

/// `struct uffdio_api`
#[repr(C)]
struct Api {
    api: u64,
    features: u64,
    requests: u64,
}

/// `struct uffdio_range`
#[repr(C)]
struct Range {
    start: u64,
    length: u64,
}

/// `struct uffdio_register`
#[repr(C)]
struct Register {
    range: Range,
    mode: u64,
    requests: u64,
}

/// `struct uffdio_writeprotect`
#[repr(C)]
struct WriteProtect {
    range: Range,
    mode: u64,
}

/// `struct page_region`
#[repr(C)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg`
#[repr(C)]
struct Scan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    regions: u64,
    region_count: u64,
    max_pages: u64,
    inverted: u64,
    all_of: u64,
    any_of: u64,
    returned: u64,
}

const UFFDIO_API: usize = request(0xaa, 0x3f, size_of::<Api>());
const UFFDIO_REGISTER: usize = request(0xaa, 0x00, size_of::<Register>());
const UFFDIO_WRITEPROTECT: usize = request(0xaa, 0x06, size_of::<WriteProtect>());
const PAGEMAP_SCAN: usize = request(b'f', 16, size_of::<Scan>());

/// Tries it: protects two pages, writes to the second, asks which were written.
///
/// # Errors
/// The step that failed, and what the system said; [`Step::Result`] comes with
/// `EIO`.
pub fn probe() -> Result<(), (Step, Errno)> {
    let watch = Descriptor::userfault().map_err(|errno| (Step::Open, errno))?;
    let mut api = Api {
        api: API,
        features: FEATURE_ASYNC | FEATURE_UNPOPULATED,
        requests: 0,
    };
    // SAFETY: UFFDIO_API reads and writes one uffdio_api, which `api` is.
    unsafe { control(&watch, UFFDIO_API, &raw mut api) }
        .map_err(|errno| (Step::Features, errno))?;
    let pages = Pages::new().map_err(|errno| (Step::Memory, errno))?;
    let mut register = Register {
        range: pages.range(),
        mode: MODE_WRITE_PROTECT,
        requests: 0,
    };
    // SAFETY: it reads and writes one uffdio_register. What it does to the pages,
    // which are this function's own, is to note who writes them.
    unsafe { control(&watch, UFFDIO_REGISTER, &raw mut register) }
        .map_err(|errno| (Step::Register, errno))?;
    let mut protect = WriteProtect {
        range: pages.range(),
        mode: PROTECT,
    };
    // SAFETY: it reads one uffdio_writeprotect. In the async mode the kernel lifts
    // the protection itself when the page is written: nobody waits for a reader.
    unsafe { control(&watch, UFFDIO_WRITEPROTECT, &raw mut protect) }
        .map_err(|errno| (Step::Protect, errno))?;
    pages.write(1);
    let written = written(&pages)?;
    if written == Some((pages.address + PAGE, pages.address + PAGES * PAGE)) {
        Ok(())
    } else {
        Err((Step::Result, Errno(libc::EIO)))
    }
}

/// From where to where the first run of written pages lies.
fn written(pages: &Pages) -> Result<Option<(usize, usize)>, (Step, Errno)> {
    let pagemap = Descriptor::pagemap().map_err(|errno| (Step::Pagemap, errno))?;
    let mut region = Region {
        start: 0,
        end: 0,
        categories: 0,
    };
    let mut scan = Scan {
        size: size_of::<Scan>() as u64,
        flags: ONLY_PROTECTED_ASYNC,
        start: pages.address as u64,
        end: (pages.address + PAGES * PAGE) as u64,
        walk_end: 0,
        regions: (&raw mut region) as u64,
        region_count: 1,
        max_pages: 0,
        inverted: 0,
        all_of: PAGE_IS_WRITTEN,
        any_of: 0,
        returned: PAGE_IS_WRITTEN,
    };
    // SAFETY: it reads and writes one pm_scan_arg; it writes at most one
    // page_region, as `region_count` says, to `region`, which outlives the call.
    let found = unsafe { control(&pagemap, PAGEMAP_SCAN, &raw mut scan) }
        .map_err(|errno| (Step::Scan, errno))?;
    Ok((found > 0).then_some((region.start as usize, region.end as usize)))
}

/// # Safety
/// `argument` must be what `request` reads and writes.
unsafe fn control<T>(
    descriptor: &Descriptor,
    request: usize,
    argument: *mut T,
) -> Result<usize, Errno> {
    // SAFETY: the caller vouches for the argument; the descriptor is open.
    check(unsafe { system_call!(ioctl, descriptor.0, request, argument) })
}

/// A descriptor that is closed again.
struct Descriptor(usize);

impl Descriptor {
    fn userfault() -> Result<Self, Errno> {
        let flags = libc::O_CLOEXEC | libc::O_NONBLOCK | USER_MODE_ONLY;
        // SAFETY: userfaultfd takes plain numbers.
        check(unsafe { system_call!(userfaultfd, flags) }).map(Self)
    }

    fn pagemap() -> Result<Self, Errno> {
        let path = c"/proc/self/pagemap";
        let flags = libc::O_RDONLY | libc::O_CLOEXEC;
        // SAFETY: the path ends with a NUL and lives across the call.
        check(unsafe { system_call!(openat, libc::AT_FDCWD, path.as_ptr(), flags, 0) }).map(Self)
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the descriptor is this one's own, and used no more.
        unsafe { system_call!(close, self.0) };
    }
}

/// Two pages of memory that are given back.
struct Pages {
    address: usize,
}

impl Pages {
    fn new() -> Result<Self, Errno> {
        const ACCESS: i32 = libc::PROT_READ | libc::PROT_WRITE;
        const KIND: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: without MAP_FIXED the kernel chooses a place where nothing is.
        let returned =
            unsafe { system_call!(mmap, 0usize, PAGES * PAGE, ACCESS, KIND, -1i32, 0usize) };
        check(returned).map(|address| Self { address })
    }

    fn range(&self) -> Range {
        Range {
            start: self.address as u64,
            length: (PAGES * PAGE) as u64,
        }
    }

    fn write(&self, page: usize) {
        assert!(page < PAGES);
        // SAFETY: the address lies in the pages, which are mapped for writing until
        // this is dropped, and that nobody else knows.
        unsafe { core::ptr::write_volatile((self.address + page * PAGE) as *mut u8, 1) };
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the pages are this one's own; nothing refers to them any more.
        unsafe { system_call!(munmap, self.address, PAGES * PAGE) };
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::{Step, probe};

    /// It is up to the kernel to support it, but not to say something else the second time, or
    /// to name a step that cannot be refused.
    #[test]
    fn the_answer_is_the_same_twice_and_names_a_step() {
        let first = probe();
        assert_eq!(first, probe());
        if let Err((step, errno)) = first {
            assert!(
                errno.0 > 0 && step != Step::Result,
                "{step}: {errno}: the calls work but do not tell the truth"
            );
        }
    }
}
