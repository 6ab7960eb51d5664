package eu.mikelangelo.cli;

import eu.mikelangelo.agent.api.AgentStarter;
import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.Launch;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a command has of the world around it; a test makes its own.
 *
 * @param out    results only, so that a pipe gets nothing else
 * @param err    progress, warnings, errors
 * @param folder the current folder, which relative paths start from
 * @param agent  how the agent is reached
 * @param tty    which of the three standard streams are terminals
 */
public record Context(PrintStream out, PrintStream err, InputStream in, Map<String, String> env, Path folder,
                      Launch launch, Agent agent, Tty tty) {

    /** The agent, started when a call needs it. */
    public interface Agent {
        /** See {@link AgentStarter#with}. */
        <T> T with(AgentStarter.Call<T> call) throws IOException;

        /** A client that starts nothing. */
        ApiClient present();
    }

    /** Terminals among standard input, output and error. */
    public record Tty(boolean in, boolean out, boolean err) {
        /** Linux shows each stream's file under /proc; a pseudo-terminal lies in /dev/pts. */
        static Tty ofProcess() {
            return new Tty(terminal(0), terminal(1), terminal(2));
        }

        private static boolean terminal(int descriptor) {
            try {
                String file = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
                return file.startsWith("/dev/pts/") || file.startsWith("/dev/tty") || file.equals("/dev/console");
            } catch (IOException e) {
                return false;
            }
        }
    }

    static Context ofProcess() {
        Map<String, String> env = System.getenv();
        Launch launch = Launch.ofProcess(env);
        AgentStarter starter = new AgentStarter(launch, env);
        Agent agent = new Agent() {
            @Override
            public <T> T with(AgentStarter.Call<T> call) throws IOException {
                return starter.with(call);
            }

            @Override
            public ApiClient present() {
                return starter.present();
            }
        };
        return new Context(System.out, System.err, System.in, env, Path.of("").toAbsolutePath(), launch, agent,
                Tty.ofProcess());
    }

    /** Colours of standard output. */
    public Style style() {
        return Style.of(tty.out(), env);
    }

    /** Says an error or a warning on standard error, in the form of all of them. */
    public void complain(String message) {
        err.println(Style.of(tty.err(), env).red("mike:") + " " + message);
    }

    /** Says on standard error what a person should know and a program need not. */
    public void say(String message) {
        err.println("mike: " + message);
    }

    /** Columns of the terminal on standard output between two bounds; 80 when it is none. */
    public int width(int least, int most) {
        return tty.out() ? Math.clamp(WindowSize.of(1).columns(), least, most) : WindowSize.USUAL.columns();
    }

    /** Whether the terminal can only print: no cursor, no colours. */
    public boolean dumb() {
        return Style.dumb(env);
    }

    /**
     * What the agent understands as a source: an absolute path for a path (anything with a slash, or the name of an
     * image file that lies here), a name unchanged.
     */
    public String source(String typed) {
        boolean path = typed.contains("/") || typed.equals(".") || typed.equals("..")
                || isImage(folder.resolve(typed));
        return path ? folder.resolve(typed).normalize().toString() : typed;
    }

    /** An image begins with the magic of newc cpio. */
    private static boolean isImage(Path file) {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(6), java.nio.charset.StandardCharsets.ISO_8859_1).equals("070701");
        } catch (IOException e) {
            return false;
        }
    }
}
