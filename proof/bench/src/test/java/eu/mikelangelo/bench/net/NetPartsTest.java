package eu.mikelangelo.bench.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.net.room.Group;
import eu.mikelangelo.bench.net.room.Patience;
import eu.mikelangelo.bench.net.room.Room;
import eu.mikelangelo.bench.net.room.Talk;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetPartsTest {
    private static volatile byte[] allocated;

    private static final String STATS = """
            show port stats all\r

              ######################## NIC statistics for port 0  ########################
              RX-packets: 9916480    RX-missed: 0          RX-bytes:  634654720
              RX-errors: 0
              RX-nombuf:  0        \s
              TX-packets: 9916608    TX-errors: 0          TX-bytes:  634662912

              Throughput (since last show)
              Rx-pps:      5359480          Rx-bps:   2744054168
              Tx-pps:      5359322          Tx-bps:   2743972896
              ############################################################################

              ######################## NIC statistics for port 1  ########################
              RX-packets: 9916384    RX-missed: 0          RX-bytes:  634648576
              RX-errors: 0
              RX-nombuf:  0        \s
              TX-packets: 9916704    TX-errors: 0          TX-bytes:  634669056

              Throughput (since last show)
              Rx-pps:      5359316          Rx-bps:   2743969816
              Tx-pps:      5359474          Tx-bps:   2744051088
              ############################################################################
            testpmd>\s""";

    /** Time that passes by sleeping, and a second with every look. */
    private static final class Ticks implements Matches.Clock {
        private double now;
        private int slept;

        @Override
        public double seconds() {
            return now++;
        }

        @Override
        public void sleep(double seconds) {
            slept++;
        }
    }

    private static Supplier<String> regimes(String... all) {
        int[] next = {0};
        return () -> all[Math.min(next[0]++, all.length - 1)];
    }

    @Test
    void statisticsOfTwoPortsAreRead() {
        assertEquals(List.of(new PortStats(9916480, 9916608, 5359480),
                new PortStats(9916384, 9916704, 5359316)),
                PortStats.parse(STATS));
        assertTrue(PortStats.TWO_PORTS.matcher(STATS).find());
        // Cut off anywhere before its last line it is not a whole answer.
        for (int length = 0; length <= STATS.lastIndexOf("  ###"); length++) {
            assertFalse(PortStats.TWO_PORTS.matcher(STATS.substring(0, length)).find(), "after " + length);
        }
    }

    /** Runs that are numbered, and those of a peer that are not. */
    private static Matches search(Matches found, Matches.Wanted wanted, double seconds, Matches.Clock clock,
                                  Supplier<String> regime) {
        double[] ran = {0};
        return Matches.search(found, wanted, seconds, clock, regime, () -> new double[] {++ran[0], 7},
                () -> new double[] {100, 8});
    }

    private static List<Double> runs(List<Matches.Match> matches) {
        return matches.stream().map(match -> match.ours()[0]).toList();
    }

    @Test
    void nearAndFarAreKeptApartAndEachIsSearched() {
        Ticks ticks = new Ticks();
        Matches found = search(Matches.NONE, new Matches.Wanted(Set.of("near", "far"), 1), 1_000, ticks,
                regimes("near", "near", "near", "far", "far", "far"));
        assertEquals(List.of(1.0), runs(found.of("near")));
        assertEquals(List.of(2.0), runs(found.of("far")));
        assertEquals(0, found.discarded());
        assertEquals(1, ticks.slept, "near was waited out once");

        Matches moved = search(Matches.NONE, new Matches.Wanted(Set.of(), 2), 1_000, new Ticks(),
                regimes("near", "near", "far", "far", "far", "between", "far", "far", "far"));
        assertEquals(2, moved.discarded());
        assertEquals(2, moved.all().size());
        assertTrue(moved.of("near").isEmpty());
    }

    @Test
    void aSearchGoesOnWithWhatWasFound() {
        Set<String> both = Set.of("near", "far");
        Matches first = search(Matches.NONE, new Matches.Wanted(both, 1), 10, new Ticks(), () -> "near");
        assertEquals(List.of(1.0), runs(first.all()));
        Matches second = search(first, new Matches.Wanted(both, 2), 1_000, new Ticks(),
                regimes("near", "near", "near", "near", "near", "far"));
        assertEquals(List.of(1.0, 1.0), runs(second.of("near")), "one is missing");
        assertEquals(2, second.of("far").size(), "and here two");
        assertTrue(second.seconds() > first.seconds());
    }

    @Test
    void aRegimeThatDoesNotOccurEndsTheSearchInTime() {
        Matches found = search(Matches.NONE, new Matches.Wanted(Set.of("far"), 5), 50, new Ticks(), () -> "near");
        assertTrue(found.all().isEmpty());
        var row = Matches.row("r", "p", Metric.MPPS, 1.1, found.of("far"), 0, 5, found.note());
        assertEquals(0, row.ours().length);
        assertTrue(row.note().startsWith("only 0 pairs of windows: 0 pairs near, 0 far, 0 discarded in"), row.note());
    }

    @Test
    void aRowIsOfOneOfTheMeasuredValues() {
        var match = new Matches.Match(new double[] {3, 30}, new double[] {2, 20}, "near");
        var row = Matches.row("r", "p", Metric.SECONDS, 1.1, List.of(match), 1, 1, "");
        assertEquals(List.of("near"), row.topology());
        assertEquals(30, row.ours()[0]);
        assertEquals(20, row.theirs()[0]);
        assertTrue(row.lowerIsBetter());
    }

    /** Of this process, in which a thread has a shard's name. More than a thread dump says to the byte. */
    @Test
    void theRecorderSaysWhatTheCoreAllocated() throws InterruptedException {
        long pid = ProcessHandle.current().pid();
        int megabytes = 150;
        CyclicBarrier step = new CyclicBarrier(2);
        Thread core = Thread.ofPlatform().daemon().name("test-shard-0").start(() -> {
            pass(step);
            for (int i = 0; i < megabytes; i++) {
                allocated = new byte[1 << 20];
            }
            pass(step);
            pass(step);
        });
        AllocationRow.record(pid);
        long before = AllocationRow.allocated(pid);
        assertEquals(before, AllocationRow.allocated(pid), "to the byte");
        pass(step);
        pass(step);
        long mebibytes = AllocationRow.allocated(pid) - before >> 20;
        assertEquals(megabytes, mebibytes, 1);
        pass(step);
        core.join();
    }

    private static void pass(CyclicBarrier step) {
        try {
            step.await(60, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aBackEndIsAskedWhatItOffers(@TempDir Path folder) throws Exception {
        Path socket = folder.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            Thread back = Thread.ofPlatform().start(() -> answer(server, 1, 1L << 34 | 1L << 15));
            VhostFeatures offered = VhostFeatures.of(socket);
            back.join();
            assertTrue(offered.packed());
            assertEquals("packed mergeable 0x400008000", offered.toString());
            assertFalse(new VhostFeatures(1L << 35).packed());
            assertEquals("in-order 0x800000000", new VhostFeatures(1L << 35).toString());
            Thread wrong = Thread.ofPlatform().start(() -> answer(server, 2, 0));
            assertThrows(IllegalStateException.class, () -> VhostFeatures.of(socket));
            wrong.join();
        }
    }

    @Test
    void whatIperfReportsIsFound() {
        assertEquals(2.5e9, IperfRow.bitsPerSecond("[    1.0] kernel\r\n{\r\n\"end\":{\"sum_received\":"
                + "{\"bits_per_second\":2.5e9}}\r\n}\r\n[   9.0] reboot"));
        assertThrows(IllegalStateException.class, () -> IperfRow.bitsPerSecond("{\"error\":\"no route\"}"));
    }

    private static void answer(ServerSocketChannel server, int request, long bits) {
        try (SocketChannel channel = server.accept()) {
            ByteBuffer question = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
            while (question.hasRemaining()) {
                channel.read(question);
            }
            assertEquals(1, question.getInt(0));
            ByteBuffer answer = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
            answer.putInt(request).putInt(5).putInt(8).putLong(bits).flip();
            channel.write(answer);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aGroupIsStoppedContinuedAndEndedAsAWhole(@TempDir Path folder) throws Exception {
        System.setProperty("mike.net.room", folder.toString());
        Room room = Room.entered();
        assertThrows(IllegalStateException.class, () -> Group.run(room, folder, Map.of(),
                List.of("sh", "-c", "echo why; exit 3"), 30));
        assertEquals("x y\n", Group.run(room, folder, Map.of("X", "y"), List.of("sh", "-c", "echo x $X"), 30));
        long child;
        try (Group group = Group.start(room, folder, Map.of(),
                List.of("sh", "-c", "sleep 1000 & echo child $!; while read x; do echo got $x; done; wait"))) {
            Talk talk = new Talk(group);
            child = Long.parseLong(talk.await(Pattern.compile("child (\\d+)\n"), 30).group(1));
            assertEquals("1", talk.ask("1", Pattern.compile("got (\\d)"), 30).group(1));
            group.pause();
            assertThrows(IllegalStateException.class, () -> talk.ask("2", Pattern.compile("got"), 1));
            group.resume();
            assertEquals("2", talk.await(Pattern.compile("got (\\d)"), 30).group(1));
            assertEquals(List.of(String.valueOf(group.pid())), Files.readAllLines(folder.resolve("groups")));
        }
        // Not ours to wait for: it is gone when its new parent has taken note.
        ProcessHandle.of(child).ifPresent(handle -> handle.onExit().orTimeout(60, TimeUnit.SECONDS).join());
        assertEquals("", Files.readString(folder.resolve("groups")));
    }

    @Test
    void aRowThatTakesTooLongIsEndedAndSaysSo(@TempDir Path folder) {
        System.setProperty("mike.net.room", folder.toString());
        Room room = Room.entered();
        try (Patience patience = new Patience(room, 1);
                Group group = Group.start(room, folder, Map.of(), List.of("sh", "-c", "echo still here; sleep 1000"))) {
            Talk talk = new Talk(group);
            String why = assertThrows(IllegalStateException.class,
                    () -> patience.with(() -> talk.await(Pattern.compile("never"), 60))).getMessage();
            assertEquals("took more than 1 s and was ended: it ended; its last words: still here", why);
        }
        try (Patience patience = new Patience(room, 60)) {
            assertEquals(7, patience.with(() -> 7));
        }
    }

    private static Row against(String peer, double ours, double theirs) {
        return new Row("net", "r", peer, "Mpps", false, new double[] {ours}, new double[] {theirs}, 1, "n");
    }

    @Test
    void aRowOfSeveralPeersIsThatOfTheStrongest() {
        IllegalStateException none = new IllegalStateException("none");
        Row row = Rivals.strongest(List.of(() -> against("a", 3, 2), () -> against("b", 3, 4), () -> {
            throw none;
        }, () -> against("c", 3, 3)));
        assertEquals("b", row.peer());
        assertEquals("n; against a: 1.500 (median of ours 3.000, theirs 2.000, n=1); against b: 0.750 (median of ours "
                + "3.000, theirs 4.000, n=1); a peer failed: none; against c: 1.000 (median of ours 3.000, theirs "
                + "3.000, n=1)", row.note());
        assertEquals("n", Rivals.strongest(List.of(() -> against("a", 3, 2))).note());
        assertThrows(IllegalStateException.class, () -> Rivals.strongest(List.of(() -> {
            throw none;
        }, () -> {
            throw none;
        })));
    }
}
