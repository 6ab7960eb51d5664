package eu.mikelangelo.machines.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SpinWatchTest {
    /** Looks three times, or, for what should spin, until it does: this host may be busy with other things. */
    private static boolean spins(boolean expected, String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        try {
            Thread.sleep(200); // the start of a program is another matter
            SpinWatch watch = new SpinWatch(ProcessId.of(process.pid()).orElseThrow());
            assertFalse(watch.look(), "nothing to compare with yet");
            boolean spins = false;
            for (int looks = 0; looks < (expected ? 40 : 3) && !spins; looks++) {
                Thread.sleep(500);
                spins = watch.look();
            }
            return spins;
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void onlyACircleIsOne() throws Exception {
        Map<List<String>, Boolean> programs = Map.of(
                List.of("sh", "-c", "while :; do :; done"), true,
                List.of("dd", "if=/dev/zero", "of=/dev/null", "bs=64"), false,
                List.of("sh", "-c", "while :; do i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; sleep 0.01; done"),
                false,
                List.of("sleep", "60"), false);
        for (var program : programs.entrySet()) {
            assertEquals(program.getValue(), spins(program.getValue(), program.getKey().toArray(String[]::new)), program.toString());
        }
    }

    @Test
    void whatIsGoneDoesNotSpin() throws Exception {
        Process process = new ProcessBuilder("sleep", "60").start();
        SpinWatch watch = new SpinWatch(ProcessId.of(process.pid()).orElseThrow());
        watch.look();
        process.destroyForcibly().waitFor();
        assertFalse(watch.look());
    }
}
