/**
 * Linux system calls and struct layouts through the FFM API.
 *
 * <p>Two conventions. <b>Hot calls</b> ({@link eu.mikelangelo.linux.HotCalls}, {@link eu.mikelangelo.linux.FdSocket},
 * {@link eu.mikelangelo.linux.Threads}) belong to one thread, allocate nothing and return a negative errno. <b>Set-up
 * calls</b> ({@link eu.mikelangelo.linux.Fds}, {@link eu.mikelangelo.linux.InetSockets},
 * {@link eu.mikelangelo.linux.UnixSockets}, {@link eu.mikelangelo.linux.OpenFiles},
 * {@link eu.mikelangelo.linux.Mappings}, {@link eu.mikelangelo.linux.Cpus}) are static, may be used from any thread and
 * throw {@link eu.mikelangelo.linux.LinuxException}. No call here is linked as critical: most may block, and a thread
 * that blocks in a critical call would hold up every safepoint of the process.
 */
package eu.mikelangelo.linux;
