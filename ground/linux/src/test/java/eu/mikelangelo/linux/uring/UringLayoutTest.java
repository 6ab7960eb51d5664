package eu.mikelangelo.linux.uring;

import eu.mikelangelo.linux.CHeaders;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares every offset, size and constant with the headers of the machine that runs the test. */
class UringLayoutTest {
    @Test
    void sameAsTheHeaders(@TempDir Path folder) throws Exception {
        Map<String, Long> map = new LinkedHashMap<>();
        structs(map);
        moreStructs(map);
        constants(map);
        operations(map);
        CHeaders.compare(folder, map, "fcntl.h", "sys/socket.h", "sys/syscall.h", "linux/io_uring.h");
    }

    private static void structs(Map<String, Long> map) {
        map.put("sizeof(struct io_uring_params)", UringLayout.PARAMS_SIZE);
        map.put("offsetof(struct io_uring_params, sq_entries)", UringLayout.PARAMS_SQ_ENTRIES);
        map.put("offsetof(struct io_uring_params, cq_entries)", UringLayout.PARAMS_CQ_ENTRIES);
        map.put("offsetof(struct io_uring_params, flags)", UringLayout.PARAMS_FLAGS);
        map.put("offsetof(struct io_uring_params, features)", UringLayout.PARAMS_FEATURES);
        map.put("offsetof(struct io_uring_params, sq_off)", UringLayout.PARAMS_SQ_OFF);
        map.put("offsetof(struct io_uring_params, cq_off)", UringLayout.PARAMS_CQ_OFF);
        map.put("offsetof(struct io_sqring_offsets, head)", UringLayout.SQ_HEAD);
        map.put("offsetof(struct io_sqring_offsets, tail)", UringLayout.SQ_TAIL);
        map.put("offsetof(struct io_sqring_offsets, flags)", UringLayout.SQ_FLAGS);
        map.put("offsetof(struct io_sqring_offsets, array)", UringLayout.SQ_ARRAY);
        map.put("offsetof(struct io_cqring_offsets, head)", UringLayout.CQ_HEAD);
        map.put("offsetof(struct io_cqring_offsets, tail)", UringLayout.CQ_TAIL);
        map.put("offsetof(struct io_cqring_offsets, overflow)", UringLayout.CQ_OVERFLOW);
        map.put("offsetof(struct io_cqring_offsets, cqes)", UringLayout.CQ_CQES);
        map.put("sizeof(struct io_uring_sqe)", UringLayout.SQE_SIZE);
        map.put("offsetof(struct io_uring_sqe, off)", UringLayout.SQE_OFF);
        map.put("offsetof(struct io_uring_sqe, addr)", UringLayout.SQE_ADDR);
        map.put("offsetof(struct io_uring_sqe, len)", UringLayout.SQE_LEN);
        map.put("offsetof(struct io_uring_sqe, user_data)", UringLayout.SQE_USER_DATA);
        map.put("offsetof(struct io_uring_sqe, buf_group)", UringLayout.SQE_BUF_GROUP);
        map.put("sizeof(struct io_uring_cqe)", UringLayout.CQE_SIZE);
        map.put("offsetof(struct io_uring_cqe, user_data)", UringLayout.CQE_USER_DATA);
        map.put("offsetof(struct io_uring_cqe, res)", UringLayout.CQE_RES);
    }

    private static void moreStructs(Map<String, Long> map) {
        map.put("offsetof(struct io_uring_cqe, flags)", UringLayout.CQE_FLAGS);
        map.put("sizeof(struct io_uring_getevents_arg)", UringLayout.WAIT_SIZE);
        map.put("offsetof(struct io_uring_getevents_arg, ts)", UringLayout.WAIT_TS);
        map.put("sizeof(struct __kernel_timespec)", UringLayout.TIMESPEC_SIZE);
        map.put("sizeof(struct io_uring_probe)", UringLayout.PROBE_SIZE);
        map.put("sizeof(struct io_uring_probe_op)", UringLayout.PROBE_OP_SIZE);
        map.put("offsetof(struct io_uring_probe_op, flags)", UringLayout.PROBE_OP_FLAGS);
        map.put("sizeof(struct io_uring_rsrc_update)", UringLayout.UPDATE_SIZE);
        map.put("offsetof(struct io_uring_rsrc_update, offset)", UringLayout.UPDATE_OFFSET);
        map.put("offsetof(struct io_uring_rsrc_update, data)", UringLayout.UPDATE_DATA);
        map.put("sizeof(struct io_uring_rsrc_register)", UringLayout.RESOURCES_SIZE);
        map.put("offsetof(struct io_uring_rsrc_register, nr)", UringLayout.RESOURCES_COUNT);
        map.put("offsetof(struct io_uring_rsrc_register, flags)", UringLayout.RESOURCES_FLAGS);
        map.put("sizeof(struct io_uring_buf_reg)", UringLayout.BUF_REG_SIZE);
        map.put("offsetof(struct io_uring_buf_reg, ring_addr)", UringLayout.BUF_REG_ADDR);
        map.put("offsetof(struct io_uring_buf_reg, ring_entries)", UringLayout.BUF_REG_ENTRIES);
        map.put("offsetof(struct io_uring_buf_reg, bgid)", UringLayout.BUF_REG_GROUP);
        map.put("sizeof(struct io_uring_buf)", UringLayout.BUF_SIZE);
        map.put("offsetof(struct io_uring_buf, addr)", UringLayout.BUF_ADDR);
        map.put("offsetof(struct io_uring_buf, len)", UringLayout.BUF_LEN);
        map.put("offsetof(struct io_uring_buf, bid)", UringLayout.BUF_ID);
        map.put("offsetof(struct io_uring_buf_ring, tail)", UringLayout.BUF_TAIL);
        map.put("sizeof(struct io_uring_sync_cancel_reg)", UringLayout.SYNC_CANCEL_SIZE);
        map.put("offsetof(struct io_uring_sync_cancel_reg, flags)", UringLayout.SYNC_CANCEL_FLAGS);
        map.put("offsetof(struct io_uring_sync_cancel_reg, timeout)", UringLayout.SYNC_CANCEL_TIMEOUT);
    }

    private static void constants(Map<String, Long> map) {
        map.put("SYS_io_uring_setup", UringLayout.SYS_SETUP);
        map.put("SYS_io_uring_enter", UringLayout.SYS_ENTER);
        map.put("SYS_io_uring_register", UringLayout.SYS_REGISTER);
        map.put("IORING_OFF_SQ_RING", UringLayout.OFF_SQ_RING);
        map.put("IORING_OFF_SQES", UringLayout.OFF_SQES);
        map.put("IORING_SETUP_CQSIZE", (long) UringLayout.SETUP_CQSIZE);
        map.put("IORING_SETUP_CLAMP", (long) UringLayout.SETUP_CLAMP);
        map.put("IORING_SETUP_SUBMIT_ALL", (long) UringLayout.SETUP_SUBMIT_ALL);
        map.put("IORING_SETUP_COOP_TASKRUN", (long) UringLayout.SETUP_COOP_TASKRUN);
        map.put("IORING_SETUP_TASKRUN_FLAG", (long) UringLayout.SETUP_TASKRUN_FLAG);
        map.put("IORING_SETUP_SINGLE_ISSUER", (long) UringLayout.SETUP_SINGLE_ISSUER);
        map.put("IORING_SETUP_DEFER_TASKRUN", (long) UringLayout.SETUP_DEFER_TASKRUN);
        map.put("IORING_FEAT_SINGLE_MMAP", (long) UringLayout.FEAT_SINGLE_MMAP);
        map.put("IORING_FEAT_NODROP", (long) UringLayout.FEAT_NODROP);
        map.put("IORING_FEAT_SUBMIT_STABLE", (long) UringLayout.FEAT_SUBMIT_STABLE);
        map.put("IORING_FEAT_FAST_POLL", (long) UringLayout.FEAT_FAST_POLL);
        map.put("IORING_FEAT_EXT_ARG", (long) UringLayout.FEAT_EXT_ARG);
        map.put("IORING_SQ_CQ_OVERFLOW", (long) UringLayout.SQ_CQ_OVERFLOW);
        map.put("IORING_SQ_TASKRUN", (long) UringLayout.SQ_TASKRUN);
        map.put("IORING_ENTER_GETEVENTS", (long) UringLayout.ENTER_GETEVENTS);
        map.put("IORING_ENTER_EXT_ARG", (long) UringLayout.ENTER_EXT_ARG);
        map.put("IORING_ENTER_REGISTERED_RING", (long) UringLayout.ENTER_REGISTERED_RING);
        map.put("IORING_REGISTER_EVENTFD", (long) UringLayout.REGISTER_EVENTFD);
        map.put("IORING_REGISTER_FILES_UPDATE", (long) UringLayout.REGISTER_FILES_UPDATE);
        map.put("IORING_REGISTER_PROBE", (long) UringLayout.REGISTER_PROBE);
        map.put("IORING_REGISTER_FILES2", (long) UringLayout.REGISTER_FILES2);
        map.put("IORING_REGISTER_RING_FDS", (long) UringLayout.REGISTER_RING_FDS);
        map.put("IORING_UNREGISTER_RING_FDS", (long) UringLayout.UNREGISTER_RING_FDS);
        map.put("IORING_REGISTER_PBUF_RING", (long) UringLayout.REGISTER_PBUF_RING);
        map.put("IORING_UNREGISTER_PBUF_RING", (long) UringLayout.UNREGISTER_PBUF_RING);
        map.put("IORING_REGISTER_SYNC_CANCEL", (long) UringLayout.REGISTER_SYNC_CANCEL);
        map.put("IO_URING_OP_SUPPORTED", (long) UringLayout.OP_SUPPORTED);
        map.put("IORING_RSRC_REGISTER_SPARSE", (long) UringLayout.RESOURCES_SPARSE);
        map.put("IORING_ASYNC_CANCEL_ALL", (long) UringLayout.CANCEL_ALL);
        map.put("IORING_ASYNC_CANCEL_FD", (long) UringLayout.CANCEL_FD);
        map.put("IORING_ASYNC_CANCEL_ANY", (long) UringLayout.CANCEL_ANY);
        map.put("IORING_ACCEPT_MULTISHOT", (long) UringLayout.ACCEPT_MULTISHOT);
        map.put("IORING_RECV_MULTISHOT", (long) UringLayout.RECV_MULTISHOT);
        map.put("IORING_POLL_ADD_MULTI", (long) UringLayout.POLL_ADD_MULTI);
        map.put("IORING_FSYNC_DATASYNC", (long) UringLayout.FSYNC_DATASYNC);
        map.put("IOSQE_BUFFER_SELECT", (long) UringLayout.SQE_BUFFER_SELECT);
    }

    private static void operations(Map<String, Long> map) {
        map.put("IORING_OP_NOP", (long) UringLayout.OP_NOP);
        map.put("IORING_OP_READV", (long) UringLayout.OP_READV);
        map.put("IORING_OP_WRITEV", (long) UringLayout.OP_WRITEV);
        map.put("IORING_OP_FSYNC", (long) UringLayout.OP_FSYNC);
        map.put("IORING_OP_POLL_ADD", (long) UringLayout.OP_POLL_ADD);
        map.put("IORING_OP_POLL_REMOVE", (long) UringLayout.OP_POLL_REMOVE);
        map.put("IORING_OP_SENDMSG", (long) UringLayout.OP_SENDMSG);
        map.put("IORING_OP_RECVMSG", (long) UringLayout.OP_RECVMSG);
        map.put("IORING_OP_TIMEOUT", (long) UringLayout.OP_TIMEOUT);
        map.put("IORING_OP_ACCEPT", (long) UringLayout.OP_ACCEPT);
        map.put("IORING_OP_ASYNC_CANCEL", (long) UringLayout.OP_ASYNC_CANCEL);
        map.put("IORING_OP_CONNECT", (long) UringLayout.OP_CONNECT);
        map.put("IORING_OP_OPENAT", (long) UringLayout.OP_OPENAT);
        map.put("AT_FDCWD", (long) UringLayout.AT_FDCWD);
        map.put("O_CLOEXEC", (long) UringLayout.O_CLOEXEC);
        map.put("IORING_OP_CLOSE", (long) UringLayout.OP_CLOSE);
        map.put("IORING_OP_READ", (long) UringLayout.OP_READ);
        map.put("IORING_OP_WRITE", (long) UringLayout.OP_WRITE);
        map.put("IORING_OP_SEND", (long) UringLayout.OP_SEND);
        map.put("IORING_OP_RECV", (long) UringLayout.OP_RECV);
        map.put("IORING_OP_SHUTDOWN", (long) UringLayout.OP_SHUTDOWN);
        map.put("IORING_OP_MSG_RING", (long) UringLayout.OP_MSG_RING);
        map.put("IOSQE_FIXED_FILE", (long) UringOperations.FIXED_FILE);
        map.put("IOSQE_IO_DRAIN", (long) UringOperations.DRAIN);
        map.put("IOSQE_IO_LINK", (long) UringOperations.LINK);
        map.put("IOSQE_ASYNC", (long) UringOperations.ASYNC);
        map.put("IOSQE_CQE_SKIP_SUCCESS", (long) UringOperations.SKIP_SUCCESS);
        map.put("IORING_CQE_F_BUFFER", (long) Uring.BUFFER);
        map.put("IORING_CQE_F_MORE", (long) Uring.MORE);
        map.put("IORING_CQE_F_SOCK_NONEMPTY", (long) Uring.SOCKET_NONEMPTY);
        map.put("MSG_WAITALL", (long) UringOperations.MSG_WAITALL);
        map.put("MSG_MORE", (long) UringOperations.MSG_MORE);
        map.put("MSG_NOSIGNAL", (long) UringOperations.MSG_NOSIGNAL);
        map.put("MSG_CMSG_CLOEXEC", (long) UringOperations.MSG_CMSG_CLOEXEC);
        map.put("SOCK_NONBLOCK | SOCK_CLOEXEC", (long) UringOperations.ACCEPT_FLAGS);
    }
}
