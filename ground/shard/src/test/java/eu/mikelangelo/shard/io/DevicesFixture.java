package eu.mikelangelo.shard.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import eu.mikelangelo.linux.uring.Uring;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A host with each of the devices. */
@ParameterizedClass
@EnumSource(value = HostOptions.Devices.class, names = "NO_FILES", mode = EnumSource.Mode.EXCLUDE)
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class DevicesFixture {
    static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    @Parameter
    HostOptions.Devices devices;
    Host host;

    @BeforeEach
    void start() {
        if (devices == HostOptions.Devices.URING) {
            switch (Uring.open(8, 16)) {
                case Uring.Opening.Ready(Uring ring) -> ring.close();
                case Uring.Opening.Refused(String reason) -> assumeTrue(reason == null, "no io_uring: " + reason);
            }
        }
        host = Host.start(options());
    }

    HostOptions options() {
        return HostOptions.defaults().withShards(3).withOverprovisioned(true).withCloseNs(5_000_000_000L)
                .withStallNs(0).withDevices(devices);
    }

    @AfterEach
    void stop() {
        host.close();
        assertEquals(List.of(), host.errors().entries());
    }

    boolean hasRing() {
        return devices != HostOptions.Devices.EPOLL && !host.toString().contains("no io_uring");
    }

    <T> T run(Callable<T> body) {
        return host.run(body);
    }

    /** Bytes that a thread has allocated; the bean of the JDK's own that tells is not in a module we require. */
    static long allocatedBytes(long thread) {
        try {
            return (long) ManagementFactory.getPlatformMBeanServer().invoke(new ObjectName("java.lang:type=Threading"),
                    "getThreadAllocatedBytes", new Object[] {thread}, new String[] {"long"});
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
