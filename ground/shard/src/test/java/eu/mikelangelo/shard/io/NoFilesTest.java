package eu.mikelangelo.shard.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A host that has no files pays nothing for them. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NoFilesTest {
    private static Host start(String name, HostOptions.Devices devices) {
        return Host.start(HostOptions.defaults().withName(name).withShards(1).withOverprovisioned(true)
                .withDevices(devices));
    }

    private static long fileThreads(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(each -> each.getName().startsWith(name + "-files")).count();
    }

    @Test
    void itHasNoThreadsForThem() {
        try (Host with = start("with", HostOptions.Devices.EPOLL);
                Host host = start("none", HostOptions.Devices.NO_FILES)) {
            assertTrue(fileThreads("with") > 0, with.toString());
            assertEquals(0, fileThreads("none"), host.toString());
        }
    }

    @Test
    void itSaysSo() {
        try (Host host = start("none", HostOptions.Devices.NO_FILES)) {
            assertTrue(host.toString().contains("devices: epoll, no files"), host.toString());
            String refused = host.run(() -> assertThrows(UnsupportedOperationException.class,
                    () -> File.open("/dev/null", File.Open.READ)).getMessage());
            assertTrue(refused.endsWith("has no files"), refused);
            assertEquals(7, host.run(() -> 7));
            assertEquals(0, host.errors().recorded());
        }
    }
}
