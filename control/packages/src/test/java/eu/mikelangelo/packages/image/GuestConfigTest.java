package eu.mikelangelo.packages.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Start;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The text that guest/init reads; guest/PROTOCOL.md, "Files in the initramfs". */
class GuestConfigTest {
    private static final Start START = new Start(List.of(), List.of("/bin/a b", "$OPTS", "x${NAME}", "$$HOME"),
            List.of(List.of("/bin/prepare", "$NAME")), Map.of("NAME", "tab\there"), "7:8,9", "/var/lib/a", true,
            List.of(new Start.RunFolder("/run/a b", 01750, 7, -1)), List.of());

    @Test
    void imageTextSaysAll() {
        assertEquals("""
                module /mike/modules/virtio.ko
                late /mike/modules/button.ko
                folder /run/a\\sb 1750 7 4294967295
                env NAME tab\\there
                pre /bin/prepare tab here
                arg /bin/a\\sb
                arg xtab\\there
                arg $HOME
                user 7 8,9
                workdir /var/lib/a
                forking 1
                """, GuestConfig.image(List.of("/mike/modules/virtio.ko"), List.of("/mike/modules/button.ko"), START));
    }

    @Test
    void aMachinesEnvironmentReachesItsCommands() {
        Map<String, String> env = Map.of("NAME", "N", "OPTS", "-v -x");
        assertEquals(List.of("/bin/a b", "-v", "-x", "xN", "$HOME"), GuestConfig.command(START, env, List.of()));
        assertEquals(List.of(List.of("/bin/prepare", "N")), GuestConfig.prepare(START, env));
        assertEquals(List.of("/bin/a b", "$NAME", "\\"), GuestConfig.command(START, Map.of(), List.of("$NAME", "\\")));
        Start unset = start(List.of("$UNSET"), "0:0");
        assertThrows(Failure.class, () -> GuestConfig.command(unset, Map.of(), List.of("x")));
        assertEquals(List.of("/bin/x", "a"), GuestConfig.command(unset, Map.of("UNSET", "/bin/x b"), List.of("a")));
    }

    @Test
    void whatWrapsTheProgramStaysWhateverArgumentsAreGiven() {
        Start start = new Start(List.of("/usr/bin/setpriv", "$x", "--"), List.of("/bin/a", "-v", "$OPTS"), List.of(),
                Map.of(), "0:0", "/", false, List.of(), List.of());
        assertEquals(List.of("/usr/bin/setpriv", "$x", "--", "/bin/a", "-v", "o"), GuestConfig.command(start,
                Map.of("OPTS", "o"), List.of()));
        assertEquals(List.of("/usr/bin/setpriv", "$x", "--", "/bin/a", "-x"), GuestConfig.command(start, Map.of(),
                List.of("-x")));
        assertTrue(GuestConfig.image(List.of(), List.of(), start).contains(
                "arg /usr/bin/setpriv\narg $x\narg --\narg /bin/a\narg -v\nuser"));
    }

    private static Start start(List<String> args, String user) {
        return new Start(List.of(), args, List.of(), Map.of(), user, "/", false, List.of(), List.of());
    }

    @Test
    void impossibleValuesAreTold() {
        bad(start(List.of("/bin/x"), "1:" + "2,".repeat(32) + "2"));
        bad(start(List.of("/bin/x"), "postgres"));
        bad(start(Collections.nCopies(5000, "x"), "0:0"));
        bad(start(List.of("x\0"), "0:0"));
        assertThrows(Failure.class, () -> GuestConfig.command(START, Map.of(), Collections.nCopies(5000, "x")));
    }

    private static void bad(Start start) {
        assertEquals(Failure.Kind.BAD_INPUT, assertThrows(Failure.class,
                () -> GuestConfig.image(List.of(), List.of(), start)).kind());
    }
}
