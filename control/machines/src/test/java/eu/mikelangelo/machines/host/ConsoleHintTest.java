package eu.mikelangelo.machines.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ConsoleHintTest {
    @Test
    void aMissingProgramIsNamed() {
        for (String line : new String[] {"/bin/sh: 1: exec: x86_64-linux-gnu-gcc: not found",
                "demo: line 3: x86_64-linux-gnu-gcc: command not found", "x86_64-linux-gnu-gcc: not found\r"}) {
            String hint = ConsoleHint.of("Starting\n" + line + "\nit failed\n");
            assertTrue(hint.startsWith("; x86_64-linux-gnu-gcc is not in the machine"), line + ": " + hint);
        }
    }

    @Test
    void aMissingFileOfEtcIsNamed() {
        for (String line : new String[] {
                "lpd[9]: cannot stat required or included file '/etc/printcap' - No such file or directory",
                "ssl_cert: Can't open file /etc/printcap: No such file or directory",
                "No such file or directory: /etc/printcap."}) {
            String hint = ConsoleHint.of("Starting\n" + line + "\n");
            assertTrue(hint.startsWith("; /etc/printcap does not exist"), line + ": " + hint);
        }
    }

    @Test
    void otherWordsGiveNoHint() {
        for (String console : new String[] {"", "server failed\n", "host not found\n", "key not found in /etc/x.conf\n",
                "/etc/x.conf is fine\nNo such file or directory\n", "not found\n", ": not found\n"}) {
            assertEquals("", ConsoleHint.of(console), console);
        }
    }
}
