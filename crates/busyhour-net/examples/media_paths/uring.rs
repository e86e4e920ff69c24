//! io_uring, by its system calls: a way that containers often forbid.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};

use crate::ways::{BATCH, check, name_of};
use crate::{Field, PACKET_BYTES, Way};

const SETUP_SINGLE_ISSUER: u32 = 1 << 12;
const SETUP_DEFER_TASKRUN: u32 = 1 << 13;
const SETUP_CQSIZE: u32 = 1 << 3;
const ENTER_GETEVENTS: u32 = 1;
const OP_RECVMSG: u8 = 10;
const OP_SEND: u8 = 26;
const SQE_FIXED_FILE: u8 = 1;
const SQE_BUFFER_SELECT: u8 = 1 << 5;
const RECV_MULTISHOT: u16 = 1 << 1;
const CQE_F_MORE: u32 = 1 << 1;
const REGISTER_FILES: u32 = 2;
const REGISTER_PBUF_RING: u32 = 22;

const BUFFERS: usize = 4096;
const BUFFER_BYTES: usize = 512;
const CONTROL_BYTES: usize = 128;
const NAME_BYTES: usize = 16;

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Sqe {
    opcode: u8,
    flags: u8,
    ioprio: u16,
    fd: i32,
    /// `addr2` of a send: the address.
    off: u64,
    addr: u64,
    len: u32,
    msg_flags: u32,
    user_data: u64,
    buf_group: u16,
    personality: u16,
    /// `addr_len` of a send is its lower half.
    file_index: u32,
    addr3: u64,
    pad: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Cqe {
    user_data: u64,
    res: i32,
    flags: u32,
}

#[repr(C)]
#[derive(Default)]
struct SqOffsets {
    head: u32,
    tail: u32,
    ring_mask: u32,
    ring_entries: u32,
    flags: u32,
    dropped: u32,
    array: u32,
    resv1: u32,
    user_addr: u64,
}

#[repr(C)]
#[derive(Default)]
struct CqOffsets {
    head: u32,
    tail: u32,
    ring_mask: u32,
    ring_entries: u32,
    overflow: u32,
    cqes: u32,
    flags: u32,
    resv1: u32,
    user_addr: u64,
}

#[repr(C)]
#[derive(Default)]
struct Params {
    sq_entries: u32,
    cq_entries: u32,
    flags: u32,
    sq_thread_cpu: u32,
    sq_thread_idle: u32,
    features: u32,
    wq_fd: u32,
    resv: [u32; 3],
    sq_off: SqOffsets,
    cq_off: CqOffsets,
}

/// A piece of memory shared with the kernel.
struct Mapping {
    at: *mut u8,
    len: usize,
}

impl Mapping {
    fn new(fd: i32, len: usize, offset: i64) -> io::Result<Mapping> {
        let (flags, fd) = match fd {
            -1 => (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1),
            fd => (libc::MAP_SHARED | libc::MAP_POPULATE, fd),
        };
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory of ours.
        let at = unsafe {
            libc::mmap(ptr::null_mut(), len, libc::PROT_READ | libc::PROT_WRITE, flags, fd, offset)
        };
        if at == libc::MAP_FAILED {
            Err(io::Error::last_os_error())
        } else {
            Ok(Mapping { at: at.cast(), len })
        }
    }

    /// A pointer to something inside; the offsets are the kernel's.
    fn pointer<T>(&self, offset: usize) -> *mut T {
        assert!(offset + mem::size_of::<T>() <= self.len);
        // SAFETY: it stays inside of the mapping, as was checked.
        unsafe { self.at.add(offset).cast() }
    }

    fn word(&self, offset: u32) -> &AtomicU32 {
        // SAFETY: the kernel keeps an aligned word there, which it and we access as atomics only.
        unsafe { AtomicU32::from_ptr(self.pointer(offset as usize)) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nothing borrowed from it outlives it.
        unsafe { libc::munmap(self.at.cast(), self.len) };
    }
}

struct Ring {
    fd: OwnedFd,
    params: Params,
    sq: Mapping,
    cq: Mapping,
    sqes: Mapping,
    waiting: u32,
}

impl Ring {
    fn new(entries: u32, completions: u32) -> io::Result<Ring> {
        let flags = SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN | SETUP_CQSIZE;
        let mut params = Params { flags, cq_entries: completions, ..Params::default() };
        // SAFETY: the kernel reads and writes one live params.
        let fd = unsafe { libc::syscall(libc::SYS_io_uring_setup, entries, &raw mut params) };
        let fd = check(fd as isize)? as i32;
        // SAFETY: the descriptor was made just now and is nobody else's.
        let owned = unsafe { OwnedFd::from_raw_fd(fd) };
        let sq_len = params.sq_off.array as usize + params.sq_entries as usize * 4;
        let cq_len = params.cq_off.cqes as usize + params.cq_entries as usize * mem::size_of::<Cqe>();
        let sq = Mapping::new(fd, sq_len, 0)?;
        let cq = Mapping::new(fd, cq_len, 0x800_0000)?;
        let sqes = Mapping::new(fd, params.sq_entries as usize * mem::size_of::<Sqe>(), 0x1000_0000)?;
        Ok(Ring { fd: owned, params, sq, cq, sqes, waiting: 0 })
    }

    /// Puts an entry into the queue, which must have room.
    fn push(&mut self, sqe: Sqe) {
        let tail = self.sq.word(self.params.sq_off.tail);
        let at = tail.load(Ordering::Relaxed);
        let slot = at & (self.params.sq_entries - 1);
        // SAFETY: the slot is inside of the mapping, and the kernel doesn't read it before the tail passes it.
        unsafe { self.sqes.pointer::<Sqe>(slot as usize * mem::size_of::<Sqe>()).write(sqe) };
        self.sq.word(self.params.sq_off.array + slot * 4).store(slot, Ordering::Relaxed);
        tail.store(at.wrapping_add(1), Ordering::Release);
        self.waiting += 1;
    }

    /// Submits what waits, and lets completions come in.
    fn enter(&mut self) -> io::Result<()> {
        let submit = mem::take(&mut self.waiting);
        // SAFETY: no memory but the rings is passed.
        let result = unsafe {
            libc::syscall(
                libc::SYS_io_uring_enter,
                self.fd.as_raw_fd(),
                submit,
                0,
                ENTER_GETEVENTS,
                ptr::null::<libc::sigset_t>(),
                0usize,
            )
        };
        check(result as isize).map(drop)
    }

    fn completions(&self, mut take: impl FnMut(Cqe)) {
        let head = self.cq.word(self.params.cq_off.head);
        let tail = self.cq.word(self.params.cq_off.tail).load(Ordering::Acquire);
        let mut at = head.load(Ordering::Relaxed);
        while at != tail {
            let slot = at & (self.params.cq_entries - 1);
            let offset = self.params.cq_off.cqes as usize + slot as usize * mem::size_of::<Cqe>();
            // SAFETY: the kernel has written the entry before it moved the tail past it.
            take(unsafe { self.cq.pointer::<Cqe>(offset).read() });
            at = at.wrapping_add(1);
        }
        head.store(at, Ordering::Release);
    }

    fn register(&self, what: u32, argument: *const libc::c_void, count: u32) -> io::Result<()> {
        // SAFETY: callers pass what the operation reads, alive during the call.
        let result =
            unsafe { libc::syscall(libc::SYS_io_uring_register, self.fd.as_raw_fd(), what, argument, count) };
        check(result as isize).map(drop)
    }
}

pub(crate) struct Send {
    ring: Ring,
    registered: bool,
    names: Vec<libc::sockaddr_in>,
    packet: Box<[u8; PACKET_BYTES]>,
}

impl Send {
    pub(crate) fn new(field: &Field, registered: bool) -> io::Result<Send> {
        let ring = Ring::new(BATCH as u32, 2 * BATCH as u32)?;
        if registered {
            let files: Vec<i32> = field.ours.iter().map(AsRawFd::as_raw_fd).collect();
            ring.register(REGISTER_FILES, files.as_ptr().cast(), files.len() as u32)?;
        }
        let names = field.their_addresses.iter().map(|to| name_of(*to)).collect();
        Ok(Send { ring, registered, names, packet: Box::new([0x80; PACKET_BYTES]) })
    }
}

impl Way for Send {
    fn round(&mut self, field: &Field) -> io::Result<usize> {
        let mut sent = 0;
        let mut failed = None;
        let all: Vec<usize> = (0..field.ours.len()).collect();
        for stretch in all.chunks(BATCH) {
            for &index in stretch {
                let (fd, flags) = match self.registered {
                    true => (index as i32, SQE_FIXED_FILE),
                    false => (field.ours[index].as_raw_fd(), 0),
                };
                self.ring.push(Sqe {
                    opcode: OP_SEND,
                    flags,
                    fd,
                    off: ptr::from_ref(&self.names[index]) as u64,
                    addr: self.packet.as_ptr() as u64,
                    len: PACKET_BYTES as u32,
                    msg_flags: (libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) as u32,
                    file_index: mem::size_of::<libc::sockaddr_in>() as u32,
                    ..Sqe::default()
                });
            }
            self.ring.enter()?;
            self.ring.completions(|cqe| match cqe.res {
                res if res < 0 => failed = Some(io::Error::from_raw_os_error(-res)),
                _ => sent += 1,
            });
        }
        failed.map_or(Ok(sent), Err)
    }
}

/// A ring of buffers that the kernel takes from.
pub(crate) struct Receive {
    ring: Ring,
    buffers: Mapping,
    memory: Mapping,
    header: Box<libc::msghdr>,
    armed: bool,
    tail: u16,
}

impl Receive {
    pub(crate) fn new(_: &Field) -> io::Result<Receive> {
        let ring = Ring::new(256, 8192)?;
        let buffers = Mapping::new(-1, BUFFERS * 16, 0)?;
        let memory = Mapping::new(-1, BUFFERS * BUFFER_BYTES, 0)?;
        // Ring address, entries, group 0.
        let registration: [u64; 5] = [buffers.at as u64, BUFFERS as u64, 0, 0, 0];
        ring.register(REGISTER_PBUF_RING, registration.as_ptr().cast(), 1)?;
        // SAFETY: zero bytes are a valid msghdr.
        let mut header: Box<libc::msghdr> = Box::new(unsafe { mem::zeroed() });
        header.msg_namelen = NAME_BYTES as u32;
        header.msg_controllen = CONTROL_BYTES as _;
        let mut receive = Receive { ring, buffers, memory, header, armed: false, tail: 0 };
        (0..BUFFERS).for_each(|buffer| receive.give(buffer as u16));
        receive.publish();
        Ok(receive)
    }

    /// Puts a buffer back into the ring: address, length, number; the ring's tail lies over the first entry's end.
    fn give(&mut self, buffer: u16) {
        let offset = usize::from(self.tail) % BUFFERS * 16;
        let address = self.memory.pointer::<u8>(usize::from(buffer) * BUFFER_BYTES) as u64;
        // SAFETY: the entry is inside of the mapping, and the kernel doesn't read it before the tail passes it.
        unsafe {
            self.buffers.pointer::<u64>(offset).write(address);
            self.buffers.pointer::<u32>(offset + 8).write(BUFFER_BYTES as u32);
            self.buffers.pointer::<u16>(offset + 12).write(buffer);
        }
        self.tail = self.tail.wrapping_add(1);
    }

    fn publish(&self) {
        // SAFETY: the ring's tail is an aligned half word at byte 14, which the kernel only reads.
        unsafe { AtomicU16::from_ptr(self.buffers.pointer(14)) }.store(self.tail, Ordering::Release);
    }

    fn arm(&mut self, fd: i32, index: usize) {
        self.ring.push(Sqe {
            opcode: OP_RECVMSG,
            flags: SQE_BUFFER_SELECT,
            ioprio: RECV_MULTISHOT,
            fd,
            addr: ptr::from_ref(&*self.header) as u64,
            len: 1,
            user_data: index as u64,
            ..Sqe::default()
        });
    }
}

impl Way for Receive {
    fn round(&mut self, field: &Field) -> io::Result<usize> {
        if !mem::replace(&mut self.armed, true) {
            for (index, socket) in field.ours.iter().enumerate() {
                self.arm(socket.as_raw_fd(), index);
                if index % 256 == 255 {
                    self.ring.enter()?;
                }
            }
        }
        let mut count = 0;
        loop {
            self.ring.enter()?;
            let mut came = Vec::new();
            self.ring.completions(|cqe| came.push(cqe));
            if came.is_empty() {
                return Ok(count);
            }
            for cqe in came {
                if cqe.res >= 0 {
                    count += 1;
                    self.give((cqe.flags >> 16) as u16);
                }
                if cqe.flags & CQE_F_MORE == 0 {
                    if cqe.res < 0 && cqe.res != -libc::ENOBUFS {
                        return Err(io::Error::from_raw_os_error(-cqe.res));
                    }
                    let index = cqe.user_data as usize;
                    self.arm(field.ours[index].as_raw_fd(), index);
                }
            }
            self.publish();
        }
    }
}
