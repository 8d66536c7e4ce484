//! The file descriptors that the runtime finds the pipes on. AFL chose them;
//! every implementation has kept them.

/// The runtime reads run requests here (the read end of the control pipe).
pub const CONTROL_FD: i32 = 198;

/// The runtime writes its answers here (the write end of the status pipe).
pub const STATUS_FD: i32 = 199;
