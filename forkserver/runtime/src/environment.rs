//! Reads environment variables without allocating.

use core::ffi::CStr;

/// Whether `variable` is set.
pub(crate) fn is_set(variable: &CStr) -> bool {
    value(variable).is_some()
}

/// The decimal number that `variable` holds.
pub(crate) fn number(variable: &CStr) -> Option<i32> {
    value(variable)?.to_str().ok()?.parse().ok()
}

fn value(variable: &CStr) -> Option<&'static CStr> {
    // SAFETY: the name is a C string. This runs in constructors and at
    // __AFL_INIT(), when no other thread changes the environment.
    let value = unsafe { libc::getenv(variable.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: getenv returned a C string, which lives until the program changes
    // that variable; callers are done with it before target code runs again.
    Some(unsafe { CStr::from_ptr(value) })
}
