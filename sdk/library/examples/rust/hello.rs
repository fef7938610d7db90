//! The same as `../c/hello.c`. The two structures are those of `ostler_executor.h`, member by member.

use std::ffi::CStr;
use std::os::raw::{c_char, c_int, c_void};
use std::thread::sleep;
use std::time::Duration;

const ABI: u32 = 1;
const STDOUT: c_int = 1;

#[repr(C)]
pub struct Task {
    size: usize,
    id: *const c_char,
    executor: *const c_char,
    payload: *const c_char,
    payload_length: usize,
    remaining_ms: i64,
    attempt: u32,
    output: extern "C" fn(*const Task, c_int, *const c_void, usize) -> c_int,
    progress: extern "C" fn(*const Task, f64, f64, *const c_char) -> c_int,
    log: extern "C" fn(*const Task, c_int, *const c_char) -> c_int,
    result: extern "C" fn(*const Task, *const c_char, usize) -> c_int,
    fail: extern "C" fn(*const Task, *const c_char, *const c_char) -> c_int,
    cancelled: extern "C" fn(*const Task) -> c_int,
}

#[repr(C)]
pub struct Executor {
    size: usize,
    abi: u32,
    open: Option<extern "C" fn(*const c_char, usize, *mut *mut c_void, *mut c_char, usize) -> c_int>,
    execute: Option<extern "C" fn(*mut c_void, *const Task) -> c_int>,
    cancel: Option<extern "C" fn(*mut c_void, *const c_char)>,
    health: Option<extern "C" fn(*mut c_void, *mut c_char, usize) -> c_int>,
    close: Option<extern "C" fn(*mut c_void)>,
}

impl Task {
    fn is_cancelled(&self) -> bool {
        (self.cancelled)(self) != 0
    }

    fn write(&self, text: &str) {
        (self.output)(self, STDOUT, text.as_ptr().cast(), text.len());
    }

    fn payload(&self) -> &str {
        // SAFETY: the shim gives text in UTF-8, ended by NUL, that lasts as long as the task.
        unsafe { CStr::from_ptr(self.payload) }.to_str().unwrap_or("")
    }

    /// The payload has been checked by the manifest's schema: a member's name stands in it once, with a number behind it.
    fn number(&self, name: &str, absent: u64) -> u64 {
        let rest = self.payload().split_once(name).and_then(|(_, rest)| rest.split_once(':'));
        let digits = rest.map(|(_, rest)| rest.trim_start().split(|c: char| !c.is_ascii_digit()).next().unwrap_or(""));
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(absent)
    }

    /// Waits in short steps, and no longer than until the task is cancelled.
    fn wait(&self, seconds: u64) {
        for _ in 0..seconds * 50 {
            if self.is_cancelled() {
                return;
            }
            sleep(Duration::from_millis(20));
        }
    }
}

extern "C" fn execute(_state: *mut c_void, task: *const Task) -> c_int {
    // SAFETY: the shim gives a task that lasts as long as this call.
    let task = unsafe { &*task };
    let (count, pause) = (task.number("\"times\"", 1), task.number("\"pause\"", 0));
    let mut done = 0;
    while done < count && !task.is_cancelled() {
        task.write("hello\n");
        done += 1;
        (task.progress)(task, done as f64, count as f64, b"greeting\0".as_ptr().cast());
        task.wait(pause);
    }
    let result = format!("{{\"greeted\":{done}}}");
    (task.result)(task, result.as_ptr().cast(), result.len());
    (done != count) as c_int
}

extern "C" fn health(_state: *mut c_void, detail: *mut c_char, capacity: usize) -> c_int {
    let text = b"ready to greet\0";
    if capacity >= text.len() {
        // SAFETY: there is room for `capacity` bytes.
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), detail.cast(), text.len()) };
    }
    0
}

static EXECUTOR: Executor = Executor {
    size: std::mem::size_of::<Executor>(),
    abi: ABI,
    open: None,
    execute: Some(execute),
    cancel: None,
    health: Some(health),
    close: None,
};

#[no_mangle]
pub extern "C" fn ostler_executor(abi: u32) -> *const Executor {
    if abi == ABI {
        &EXECUTOR
    } else {
        std::ptr::null()
    }
}
