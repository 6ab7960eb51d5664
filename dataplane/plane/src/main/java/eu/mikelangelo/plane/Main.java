package eu.mikelangelo.plane;

import eu.mikelangelo.plane.api.NetRulesText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The plane's process.
 *
 * <pre>
 *   serve --home RUN_DIR                              for an agent: control socket RUN_DIR/plane.sock
 *   io serve [--cpu N] [--control SOCKET]
 *       --net SOCKET[,server][,sealed][,mac=MAC+MAC][,RULE...] ...
 *       --tap NAME[,RULE...] ... --interface NAME[,RULE...] ...
 *                                                     in the foreground: all ports share one switch
 * </pre>
 *
 * Exit codes as sysexits.h: 64 usage, 69 a socket cannot be had, 70 a bug, 73 another plane runs.
 */
public final class Main {
    static final int USAGE = 64;
    static final int UNAVAILABLE = 69;
    static final int BUG = 70;
    static final int CONFLICT = 73;

    private static final String HELP = """
            usage: serve --home RUN_DIR
                   io serve [--cpu N] [--control SOCKET] --net SOCKET[,server][,sealed][,mac=MAC+MAC][,RULE...] ...
                       --tap NAME[,RULE...] ... --interface NAME[,RULE...] ...
            Without ",server" the plane connects to SOCKET and reconnects, with it it listens there. With ",sealed" it
            refuses guest memory that the peer could shrink (a memfd with F_SEAL_SHRINK is needed, as QEMU's
            memory-backend-memfd makes). --tap attaches to a TAP device of the host, or makes one; --interface takes a
            network card or another Ethernet interface, whose host is then reached by a TAP only. With --cpu the switch
            has that CPU to itself. At the socket of --control the plane tells its statistics and captures.
            Rules:\s""" + NetRulesText.WORDS;

    private Main() {}

    /** See the class. */
    public static void main(String[] arguments) {
        // A thread that dies of a bug leaves guests unserved without a word; the process must end to be started again.
        Thread.setDefaultUncaughtExceptionHandler((thread, bug) -> {
            System.err.println("plane: thread " + thread.getName() + " died: " + bug);
            bug.printStackTrace();
            Runtime.getRuntime().halt(BUG);
        });
        int code;
        try {
            code = run(Arrays.asList(arguments));
        } catch (IllegalArgumentException wrong) {
            System.err.println("plane: " + wrong.getMessage() + "\n" + HELP);
            code = USAGE;
        } catch (IOException failed) {
            System.err.println("plane: " + failed.getMessage());
            code = UNAVAILABLE;
        }
        System.exit(code);
    }

    private static int run(List<String> words) throws IOException {
        if (words.size() == 3 && words.get(0).equals("serve") && words.get(1).equals("--home")) {
            return Daemon.run(Path.of(words.get(2)).toAbsolutePath());
        }
        if (words.size() >= 2 && words.get(0).equals("io") && words.get(1).equals("serve")) {
            return IoServe.run(words.subList(2, words.size()));
        }
        if (words.equals(List.of("--help"))) {
            System.out.println(HELP);
            return 0;
        }
        throw new IllegalArgumentException("no such command: " + String.join(" ", words));
    }
}
