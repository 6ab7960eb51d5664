package eu.mikelangelo.machines.host;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SpinWatchTest {
    private final List<Process> processes = new ArrayList<>();

    @AfterEach
    void end() {
        processes.forEach(Process::destroyForcibly);
    }

    private SpinWatch watch(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        processes.add(process);
        return new SpinWatch(ProcessId.of(process.pid()).orElseThrow());
    }

    @Test
    void onlyACircleIsOne() throws Exception {
        SpinWatch circle = watch("sh", "-c", "while :; do :; done");
        List<SpinWatch> others = List.of(watch("dd", "if=/dev/zero", "of=/dev/null", "bs=64"), watch("sleep", "60"),
                watch("sh", "-c",
                        "while :; do i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; sleep 0.01; done"));
        Thread.sleep(200); // the start of a program is another matter
        assertFalse(circle.look(), "nothing to compare with yet");
        others.forEach(SpinWatch::look);
        boolean found = false;
        // This host may be busy with other things, and the circle wait for its share.
        for (int looks = 0; looks < 20 && !found; looks++) {
            Thread.sleep(1500);
            found = circle.look();
            for (SpinWatch other : others) {
                assertFalse(other.look(), "number " + others.indexOf(other));
            }
        }
        assertTrue(found);
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
