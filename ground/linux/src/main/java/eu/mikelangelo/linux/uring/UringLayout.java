package eu.mikelangelo.linux.uring;

/** Structs and constants of linux/io_uring.h, the same on x86-64 and AArch64, and its system call numbers. */
final class UringLayout {
    static final long SYS_SETUP = 425;
    static final long SYS_ENTER = 426;
    static final long SYS_REGISTER = 427;

    /** struct io_uring_params. */
    static final long PARAMS_SIZE = 120;
    static final long PARAMS_SQ_ENTRIES = 0;
    static final long PARAMS_CQ_ENTRIES = 4;
    static final long PARAMS_FLAGS = 8;
    static final long PARAMS_FEATURES = 20;
    static final long PARAMS_SQ_OFF = 40;
    static final long PARAMS_CQ_OFF = 80;

    /** struct io_sqring_offsets. */
    static final long SQ_HEAD = 0;
    static final long SQ_TAIL = 4;
    static final long SQ_FLAGS = 16;
    static final long SQ_ARRAY = 24;

    /** struct io_cqring_offsets. */
    static final long CQ_HEAD = 0;
    static final long CQ_TAIL = 4;
    static final long CQ_OVERFLOW = 16;
    static final long CQ_CQES = 20;

    /** struct io_uring_sqe, written as eight words: see {@link UringOperations}. */
    static final long SQE_SIZE = 64;
    static final long SQE_OFF = 8;
    static final long SQE_ADDR = 16;
    static final long SQE_LEN = 24;
    static final long SQE_USER_DATA = 32;
    static final long SQE_BUF_GROUP = 40;

    /** struct io_uring_cqe. */
    static final long CQE_SIZE = 16;
    static final long CQE_USER_DATA = 0;
    static final long CQE_RES = 8;
    static final long CQE_FLAGS = 12;

    static final long OFF_SQ_RING = 0;
    static final long OFF_SQES = 0x10000000L;

    static final int SETUP_CQSIZE = 1 << 3;
    static final int SETUP_CLAMP = 1 << 4;
    static final int SETUP_SUBMIT_ALL = 1 << 7;
    static final int SETUP_COOP_TASKRUN = 1 << 8;
    static final int SETUP_TASKRUN_FLAG = 1 << 9;
    static final int SETUP_SINGLE_ISSUER = 1 << 12;
    static final int SETUP_DEFER_TASKRUN = 1 << 13;

    static final int FEAT_SINGLE_MMAP = 1;
    static final int FEAT_NODROP = 1 << 1;
    static final int FEAT_SUBMIT_STABLE = 1 << 2;
    static final int FEAT_FAST_POLL = 1 << 5;
    static final int FEAT_EXT_ARG = 1 << 8;

    static final int SQ_CQ_OVERFLOW = 1 << 1;
    static final int SQ_TASKRUN = 1 << 2;

    static final int ENTER_GETEVENTS = 1;
    static final int ENTER_EXT_ARG = 1 << 3;
    static final int ENTER_REGISTERED_RING = 1 << 4;

    /** struct io_uring_getevents_arg. */
    static final long WAIT_SIZE = 24;
    static final long WAIT_TS = 16;
    /** struct __kernel_timespec: two 64-bit numbers. */
    static final long TIMESPEC_SIZE = 16;
    static final long NS_PER_SECOND = 1_000_000_000L;

    static final int REGISTER_EVENTFD = 4;
    static final int REGISTER_FILES_UPDATE = 6;
    static final int REGISTER_PROBE = 8;
    static final int REGISTER_FILES2 = 13;
    static final int REGISTER_RING_FDS = 20;
    static final int UNREGISTER_RING_FDS = 21;
    static final int REGISTER_PBUF_RING = 22;
    static final int UNREGISTER_PBUF_RING = 23;
    static final int REGISTER_SYNC_CANCEL = 24;

    /** struct io_uring_probe and its struct io_uring_probe_op. */
    static final long PROBE_SIZE = 16;
    static final long PROBE_OP_SIZE = 8;
    static final long PROBE_OP_FLAGS = 2;
    static final int PROBE_OPS = 256;
    static final int OP_SUPPORTED = 1;

    /** struct io_uring_rsrc_update. */
    static final long UPDATE_SIZE = 16;
    static final long UPDATE_OFFSET = 0;
    static final long UPDATE_DATA = 8;

    /** struct io_uring_rsrc_register. */
    static final long RESOURCES_SIZE = 32;
    static final long RESOURCES_COUNT = 0;
    static final long RESOURCES_FLAGS = 4;
    static final int RESOURCES_SPARSE = 1;

    /** struct io_uring_buf_reg. */
    static final long BUF_REG_SIZE = 40;
    static final long BUF_REG_ADDR = 0;
    static final long BUF_REG_ENTRIES = 8;
    static final long BUF_REG_GROUP = 12;

    /** struct io_uring_buf; the ring's tail lies over the unused end of the first. */
    static final long BUF_SIZE = 16;
    static final long BUF_ADDR = 0;
    static final long BUF_LEN = 8;
    static final long BUF_ID = 12;
    static final long BUF_TAIL = 14;
    static final int MAX_BUFFERS = 1 << 15;

    /** struct io_uring_sync_cancel_reg. */
    static final long SYNC_CANCEL_SIZE = 64;
    static final long SYNC_CANCEL_FLAGS = 12;
    static final long SYNC_CANCEL_TIMEOUT = 16;

    static final int CANCEL_ALL = 1;
    static final int CANCEL_FD = 1 << 1;
    static final int CANCEL_ANY = 1 << 2;
    static final int ACCEPT_MULTISHOT = 1;
    static final int RECV_MULTISHOT = 1 << 1;
    static final int POLL_ADD_MULTI = 1;
    static final int FSYNC_DATASYNC = 1;
    static final int SQE_BUFFER_SELECT = 1 << 5;

    /** fcntl.h: relative to the working directory; close on exec. */
    static final int AT_FDCWD = -100;
    static final int O_CLOEXEC = 0x80000;

    static final int OP_NOP = 0;
    static final int OP_READV = 1;
    static final int OP_WRITEV = 2;
    static final int OP_FSYNC = 3;
    static final int OP_POLL_ADD = 6;
    static final int OP_POLL_REMOVE = 7;
    static final int OP_SENDMSG = 9;
    static final int OP_RECVMSG = 10;
    static final int OP_TIMEOUT = 11;
    static final int OP_ACCEPT = 13;
    static final int OP_ASYNC_CANCEL = 14;
    static final int OP_CONNECT = 16;
    static final int OP_OPENAT = 18;
    static final int OP_CLOSE = 19;
    static final int OP_READ = 22;
    static final int OP_WRITE = 23;
    static final int OP_SEND = 26;
    static final int OP_RECV = 27;
    static final int OP_SHUTDOWN = 34;
    static final int OP_MSG_RING = 40;

    /** Every operation that {@link UringOperations} must be able to queue: all but MSG_RING. */
    private static final int[] OPS = {OP_NOP, OP_READV, OP_WRITEV, OP_FSYNC, OP_POLL_ADD, OP_POLL_REMOVE, OP_SENDMSG,
        OP_RECVMSG, OP_TIMEOUT, OP_ACCEPT, OP_ASYNC_CANCEL, OP_CONNECT, OP_OPENAT, OP_CLOSE, OP_READ, OP_WRITE, OP_SEND,
        OP_RECV, OP_SHUTDOWN};

    private static final String[] OP_NAMES = {"NOP", "READV", "WRITEV", "FSYNC", "POLL_ADD", "POLL_REMOVE", "SENDMSG",
        "RECVMSG", "TIMEOUT", "ACCEPT", "ASYNC_CANCEL", "CONNECT", "OPENAT", "CLOSE", "READ", "WRITE", "SEND", "RECV",
        "SHUTDOWN"};

    private UringLayout() {}

    /** How many operations are needed. */
    static int opCount() {
        return OPS.length;
    }

    static int op(int index) {
        return OPS[index];
    }

    static String opName(int index) {
        return OP_NAMES[index];
    }
}
