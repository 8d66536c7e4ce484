//! Custom mutators in shared objects, with `AFL++`'s C interface.
//!
//! The library is given copies, in buffers that are longer than the longest input, and
//! what it returns is copied. A length over the limit is no result. What cannot be
//! guarded against is a library that writes where it must not, or crashes: it runs
//! within the fuzzer and takes it along, as it does with `afl-fuzz`.

#![allow(unsafe_code)]

use super::mutator::{Abilities, CustomMutator, MutatorError};
use libloading::{Library, Symbol};
use std::{
    ffi::{CStr, CString, OsStr, c_char, c_int, c_uint, c_void},
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr,
};
use tine_protocol::layout::input::MAX_INPUT;

/// Bytes of the block of zeros that stands for `AFL++`'s `afl_state_t`, which has 1.3
/// million in 4.40c.
const STATE: usize = 4 << 20;

/// Room behind an input, for libraries that write a little further.
const SLACK: usize = 4096;

type Data = *mut c_void;

/// The functions of a library, as `AFL++` declares them.
#[derive(Debug, Clone, Copy, Default)]
struct Functions {
    deinit: Option<unsafe extern "C" fn(Data)>,
    fuzz_count: Option<unsafe extern "C" fn(Data, *const u8, usize) -> c_uint>,
    fuzz: Option<
        unsafe extern "C" fn(Data, *mut u8, usize, *mut *mut u8, *mut u8, usize, usize) -> usize,
    >,
    describe: Option<unsafe extern "C" fn(Data, usize) -> *const c_char>,
    post_process: Option<unsafe extern "C" fn(Data, *mut u8, usize, *mut *mut u8) -> usize>,
    init_trim: Option<unsafe extern "C" fn(Data, *mut u8, usize) -> c_int>,
    trim: Option<unsafe extern "C" fn(Data, *mut *mut u8) -> usize>,
    post_trim: Option<unsafe extern "C" fn(Data, u8) -> c_int>,
    havoc_mutation:
        Option<unsafe extern "C" fn(Data, *mut u8, usize, *mut *mut u8, usize) -> usize>,
    havoc_probability: Option<unsafe extern "C" fn(Data) -> u8>,
    queue_get: Option<unsafe extern "C" fn(Data, *const c_char) -> u8>,
    queue_new_entry: Option<unsafe extern "C" fn(Data, *const c_char, *const c_char) -> u8>,
    send: Option<unsafe extern "C" fn(Data, *const u8, usize)>,
    post_run: Option<unsafe extern "C" fn(Data)>,
}

/// A library that was loaded and started.
#[derive(Debug)]
pub struct CLibrary {
    name: String,
    data: Data,
    functions: Functions,
    splice_optout: bool,
    /// Copies of what the library may write to.
    input: Vec<u8>,
    other: Vec<u8>,
    /// What is being made shorter. Libraries may look at it all the while.
    trimmed: Vec<u8>,
    /// Stands for the fuzzer's state, as long as the library is loaded.
    _state: Box<[u64]>,
    /// Last, so that it is unloaded when nothing of it is used any more.
    _library: Library,
}

impl CLibrary {
    /// Loads a library and starts it. `seed` is for its random numbers.
    ///
    /// # Errors
    /// When it cannot be loaded, lacks what each has to have, or does not start.
    pub fn load(file: &OsStr, seed: u32) -> Result<Self, MutatorError> {
        let shown = file.display().to_string();
        // SAFETY: this runs the library's constructors: the user asked for its code to
        // be run in this process.
        let library = unsafe { Library::new(file) }.map_err(|error| MutatorError::Load {
            library: shown.clone(),
            reason: reason(&error),
        })?;
        let functions = functions(&library);
        let missing = |function| MutatorError::Missing {
            library: shown.clone(),
            function,
        };
        type Init = unsafe extern "C" fn(*mut c_void, c_uint) -> Data;
        let init: Init =
            symbol(&library, "afl_custom_init").ok_or_else(|| missing("afl_custom_init"))?;
        if functions.deinit.is_none() {
            return Err(missing("afl_custom_deinit"));
        }
        if abilities(&functions, false) == Abilities::default() {
            return Err(MutatorError::Useless(shown));
        }
        let splice_optout =
            symbol::<unsafe extern "C" fn(Data)>(&library, "afl_custom_splice_optout").is_some();
        let mut state = vec![0u64; STATE / 8].into_boxed_slice();
        // SAFETY: the type is AFL++'s. The block outlives the library's use of it: it
        // is kept beside the library, and is not moved with the box.
        let data = unsafe { init(state.as_mut_ptr().cast(), seed) };
        if data.is_null() {
            return Err(MutatorError::Init(shown));
        }
        let name = Path::new(file).file_name().unwrap_or(file);
        Ok(Self {
            name: name.display().to_string(),
            data,
            functions,
            splice_optout,
            input: Vec::with_capacity(MAX_INPUT + SLACK),
            other: Vec::with_capacity(MAX_INPUT + SLACK),
            trimmed: Vec::new(),
            _state: state,
            _library: library,
        })
    }

    /// The functions for trimming of which there are some, but not all.
    pub fn has_half_a_trim(&self) -> bool {
        let Functions {
            init_trim,
            trim,
            post_trim,
            ..
        } = &self.functions;
        let count = usize::from(init_trim.is_some())
            + usize::from(trim.is_some())
            + usize::from(post_trim.is_some());
        (1..3).contains(&count)
    }

    fn failed(&self, function: &'static str, value: c_int) -> MutatorError {
        MutatorError::Failed {
            library: self.name.clone(),
            function,
            value: value.into(),
        }
    }
}

/// What the loader said, without the file's name in front.
fn reason(error: &libloading::Error) -> String {
    let text =
        std::error::Error::source(error).map_or_else(|| error.to_string(), |it| it.to_string());
    match text.split_once(": ") {
        Some((_, reason)) if !reason.is_empty() => reason.to_owned(),
        _ => text,
    }
}

fn symbol<T: Copy>(library: &Library, name: &str) -> Option<T> {
    // SAFETY: each caller names the type that AFL++ declares for this function; what a
    // library exports by this name is taken to be that. The pointer is used as long as
    // the library is loaded only: both lie in one `CLibrary`.
    let found: Result<Symbol<'_, T>, _> = unsafe { library.get(name.as_bytes()) };
    found.ok().map(|symbol| *symbol)
}

fn functions(library: &Library) -> Functions {
    Functions {
        deinit: symbol(library, "afl_custom_deinit"),
        fuzz_count: symbol(library, "afl_custom_fuzz_count"),
        // The second is what it was called at first.
        fuzz: symbol(library, "afl_custom_fuzz").or_else(|| symbol(library, "afl_custom_mutator")),
        describe: symbol(library, "afl_custom_describe"),
        post_process: symbol(library, "afl_custom_post_process"),
        init_trim: symbol(library, "afl_custom_init_trim"),
        trim: symbol(library, "afl_custom_trim"),
        post_trim: symbol(library, "afl_custom_post_trim"),
        havoc_mutation: symbol(library, "afl_custom_havoc_mutation"),
        havoc_probability: symbol(library, "afl_custom_havoc_mutation_probability"),
        queue_get: symbol(library, "afl_custom_queue_get"),
        queue_new_entry: symbol(library, "afl_custom_queue_new_entry"),
        send: symbol(library, "afl_custom_fuzz_send"),
        post_run: symbol(library, "afl_custom_post_run"),
    }
}

const fn abilities(functions: &Functions, splice_optout: bool) -> Abilities {
    Abilities {
        fuzz: functions.fuzz.is_some(),
        fuzz_count: functions.fuzz.is_some() && functions.fuzz_count.is_some(),
        splice_optout,
        havoc_mutation: functions.havoc_mutation.is_some(),
        post_process: functions.post_process.is_some(),
        trim: functions.init_trim.is_some()
            && functions.trim.is_some()
            && functions.post_trim.is_some(),
        queue_get: functions.queue_get.is_some(),
        queue_new_entry: functions.queue_new_entry.is_some(),
        describe: functions.fuzz.is_some() && functions.describe.is_some(),
        send: functions.send.is_some(),
        post_run: functions.post_run.is_some(),
    }
}

/// Makes a buffer hold these bytes, as many as an input may have.
fn fill(buffer: &mut Vec<u8>, bytes: &[u8]) {
    buffer.clear();
    buffer.extend_from_slice(&bytes[..bytes.len().min(MAX_INPUT)]);
}

/// Copies what a library returned, if that can be an input.
fn take(from: *const u8, length: usize, most: usize, output: &mut Vec<u8>) -> bool {
    if from.is_null() || length == 0 || length > most {
        return false;
    }
    // SAFETY: the library says that so many bytes are there, until it is called again;
    // that it says so is all that there is to go by. They are copied at once.
    let bytes = unsafe { std::slice::from_raw_parts(from, length) };
    output.extend_from_slice(bytes);
    true
}

fn c_path(path: &Path) -> CString {
    // A path that the system has given has no zero in it.
    CString::new(path.as_os_str().as_bytes()).unwrap_or_default()
}

impl CustomMutator for CLibrary {
    fn name(&self) -> &str {
        &self.name
    }

    fn abilities(&self) -> Abilities {
        abilities(&self.functions, self.splice_optout)
    }

    fn queue_get(&mut self, file: &Path) -> bool {
        let Some(queue_get) = self.functions.queue_get else {
            return true;
        };
        let file = c_path(file);
        // SAFETY: AFL++'s type; the library's own data, and a string that lives on.
        unsafe { queue_get(self.data, file.as_ptr()) != 0 }
    }

    fn fuzz_count(&mut self, input: &[u8]) -> u32 {
        let Some(fuzz_count) = self.functions.fuzz_count else {
            return 0;
        };
        fill(&mut self.input, input);
        // SAFETY: AFL++'s type; the buffer has the length that is given.
        unsafe { fuzz_count(self.data, self.input.as_ptr(), self.input.len()) }
    }

    fn fuzz(
        &mut self,
        input: &[u8],
        other: Option<&[u8]>,
        most: usize,
        output: &mut Vec<u8>,
    ) -> bool {
        let Some(fuzz) = self.functions.fuzz else {
            return false;
        };
        fill(&mut self.input, input);
        let (other, other_length) = match other {
            None => (ptr::null_mut(), 0),
            Some(other) => {
                fill(&mut self.other, other);
                (self.other.as_mut_ptr(), self.other.len())
            }
        };
        let mut result = ptr::null_mut();
        // SAFETY: AFL++'s type; both buffers are ours alone and have room for the
        // longest input; the place for the result lives across the call.
        let length = unsafe {
            fuzz(
                self.data,
                self.input.as_mut_ptr(),
                self.input.len(),
                &raw mut result,
                other,
                other_length,
                most,
            )
        };
        take(result, length, most, output)
    }

    fn describe(&mut self, most: usize) -> Option<String> {
        let describe = self.functions.describe?;
        // SAFETY: AFL++'s type.
        let text = unsafe { describe(self.data, most) };
        if text.is_null() {
            return None;
        }
        // SAFETY: the library returns a string that ends with a zero, and does not
        // change it until it is called again; it is copied at once.
        let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
        (!text.is_empty()).then(|| text.into_owned())
    }

    fn havoc_mutation(&mut self, input: &[u8], most: usize, output: &mut Vec<u8>) -> bool {
        let Some(havoc_mutation) = self.functions.havoc_mutation else {
            return false;
        };
        fill(&mut self.input, input);
        let mut result = ptr::null_mut();
        // SAFETY: as in `fuzz`.
        let length = unsafe {
            havoc_mutation(
                self.data,
                self.input.as_mut_ptr(),
                self.input.len(),
                &raw mut result,
                most,
            )
        };
        take(result, length, most, output)
    }

    fn havoc_probability(&mut self) -> u8 {
        /// What AFL++ takes if there is no such function.
        const DEFAULT: u8 = 6;
        self.functions
            .havoc_probability
            // SAFETY: AFL++'s type.
            .map_or(DEFAULT, |probability| unsafe { probability(self.data) })
            .min(100)
    }

    fn post_process(&mut self, input: &[u8], output: &mut Vec<u8>) -> bool {
        let Some(post_process) = self.functions.post_process else {
            return false;
        };
        fill(&mut self.input, input);
        let mut result = ptr::null_mut();
        // SAFETY: as in `fuzz`.
        let length = unsafe {
            post_process(
                self.data,
                self.input.as_mut_ptr(),
                self.input.len(),
                &raw mut result,
            )
        };
        take(result, length, MAX_INPUT, output)
    }

    fn init_trim(&mut self, input: &[u8]) -> Result<u32, MutatorError> {
        let Some(init_trim) = self.functions.init_trim else {
            return Ok(0);
        };
        fill(&mut self.trimmed, input);
        // SAFETY: AFL++'s type; the buffer is ours alone. A library may keep the
        // pointer until its last `post_trim`: nobody else writes there.
        let steps = unsafe { init_trim(self.data, self.trimmed.as_mut_ptr(), self.trimmed.len()) };
        u32::try_from(steps).map_err(|_| self.failed("afl_custom_init_trim", steps))
    }

    fn trim(&mut self, output: &mut Vec<u8>) -> bool {
        let Some(trim) = self.functions.trim else {
            return false;
        };
        let mut result = ptr::null_mut();
        // SAFETY: AFL++'s type; the place for the result lives across the call.
        let length = unsafe { trim(self.data, &raw mut result) };
        take(result, length, MAX_INPUT, output)
    }

    fn post_trim(&mut self, success: bool) -> Result<u32, MutatorError> {
        let Some(post_trim) = self.functions.post_trim else {
            return Ok(u32::MAX);
        };
        // SAFETY: AFL++'s type.
        let step = unsafe { post_trim(self.data, success.into()) };
        u32::try_from(step).map_err(|_| self.failed("afl_custom_post_trim", step))
    }

    fn queue_new_entry(&mut self, file: &Path, source: Option<&Path>) -> bool {
        let Some(queue_new_entry) = self.functions.queue_new_entry else {
            return false;
        };
        let file = c_path(file);
        let source = source.map(c_path);
        let source = source.as_ref().map_or(ptr::null(), |path| path.as_ptr());
        // SAFETY: AFL++'s type; both strings live across the call. The second one may
        // be null, as it is with AFL++.
        unsafe { queue_new_entry(self.data, file.as_ptr(), source) != 0 }
    }

    fn send(&mut self, input: &[u8]) {
        let Some(send) = self.functions.send else {
            return;
        };
        // SAFETY: AFL++'s type; the library reads from the slice only.
        unsafe { send(self.data, input.as_ptr(), input.len()) };
    }

    fn post_run(&mut self) {
        if let Some(post_run) = self.functions.post_run {
            // SAFETY: AFL++'s type.
            unsafe { post_run(self.data) };
        }
    }
}

impl Drop for CLibrary {
    fn drop(&mut self) {
        if let Some(deinit) = self.functions.deinit {
            // SAFETY: AFL++'s type; it is the last call, and comes once.
            unsafe { deinit(self.data) };
        }
    }
}
