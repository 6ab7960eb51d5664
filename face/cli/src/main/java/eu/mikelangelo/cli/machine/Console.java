package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.HttpExchange;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.WindowSize;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;

/** The two directions of a machine's console between this process and the agent. */
public final class Console {
    /** Ctrl-], as telnet and virsh have it. */
    private static final int LEAVE = 0x1d;
    /** Ctrl-D: what a terminal says for the end of input. */
    private static final byte[] END = {4};
    /** Long enough for an answer to what a script said, short enough for the script. */
    static final int QUIET_MILLIS = 1_000;
    /** Long enough for the output of a machine that has just ended to end, too. */
    private static final int GRACE_MILLIS = 3_000;
    private final Context context;
    private final String machine;
    private final String path;
    private volatile boolean left;
    private volatile boolean ended;
    /** Why standard input does not reach the machine any more. */
    private volatile Exception broken;
    private volatile HttpExchange showing;
    private volatile long shownNs = System.nanoTime();

    public Console(Context context, String machine) {
        this.context = context;
        this.machine = machine;
        this.path = "/v1/machines/" + ApiClient.encode(machine) + "/console";
    }

    /** Copies output until the machine ends or the user leaves; {@code tail} lines of history, all when negative. */
    public void output(int tail) throws IOException {
        String query = tail < 0 ? path : path + "?tail=" + tail;
        try (HttpExchange exchange = context.agent().with(agent -> agent.open("GET", query, null))) {
            showing = exchange;
            InputStream body = exchange.body();
            byte[] block = new byte[16 << 10];
            for (int n = body.read(block); n >= 0 && !left; n = body.read(block)) {
                shownNs = System.nanoTime();
                context.out().write(block, 0, n);
                context.out().flush();
            }
        } catch (IOException e) {
            if (!left) {
                throw e;
            }
        } finally {
            ended = true;
        }
        if (broken != null) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "standard input does not reach machine " + machine
                    + " any more: " + broken.getMessage(), "the machine goes on: mike console " + machine);
        }
    }

    /**
     * Usually the machine has ended, which the end of the output tells. But an agent that was killed may have taken
     * the input with it while its successor shows the output: the machine would wait for that input for ever.
     */
    private void inputBroke(Exception why) {
        try {
            for (int waited = 0; !ended && (showing == null || waited < GRACE_MILLIS); waited += GRACE_MILLIS / 30) {
                Thread.sleep(GRACE_MILLIS / 30);
            }
            if (!ended) {
                broken = why;
                left = true;
                showing.close();
            }
        } catch (IOException | InterruptedException e) {
            return;   // the process is about to end
        }
    }

    /**
     * Sends standard input on a thread of its own and, when it has ended and the machine has said nothing for
     * {@value #QUIET_MILLIS} ms, leaves: {@link #output} returns. For scripts, which cannot type Ctrl-].
     */
    public void inputThenLeave() {
        Thread.ofPlatform().daemon().name("input").start(() -> {
            try (ApiClient.Upload upload = context.agent().with(agent -> agent.upload("POST", path + "/input"))) {
                byte[] block = new byte[4096];
                for (int n = context.in().read(block); n > 0; n = context.in().read(block)) {
                    upload.write(block, n);
                }
                upload.finish();
                shownNs = System.nanoTime();
                leaveWhenQuiet();
            } catch (IOException | RuntimeException e) {
                inputBroke(e);
            } catch (InterruptedException e) {
                return;
            }
        });
    }

    private void leaveWhenQuiet() throws InterruptedException, IOException {
        while (showing == null || System.nanoTime() - shownNs < QUIET_MILLIS * 1_000_000L) {
            Thread.sleep(QUIET_MILLIS / 10);
        }
        left = true;
        showing.close();
    }

    /**
     * Sends standard input on a thread of its own. {@code raw}: Ctrl-] leaves, by calling {@code leave}; otherwise the
     * end of input is sent as Ctrl-D.
     */
    public void input(boolean raw, Runnable leave) {
        Thread.ofPlatform().daemon().name("input").start(() -> {
            try {
                send(raw, leave);
            } catch (IOException | RuntimeException e) {
                inputBroke(e);
            }
        });
    }

    private void send(boolean raw, Runnable leave) throws IOException {
        byte[] block = new byte[4096];
        int n = context.in().read(block);
        if (n < 0 && !raw) {
            // Nothing to say but the end: wait for nobody, open nothing for long.
            n = 0;
        }
        try (ApiClient.Upload upload = context.agent().with(agent -> agent.upload("POST", path + "/input"))) {
            for (; n > 0; n = context.in().read(block)) {
                int leaveAt = raw ? indexOf(block, n) : -1;
                upload.write(block, leaveAt < 0 ? n : leaveAt);
                if (leaveAt >= 0) {
                    left = true;
                    upload.finish();
                    leave.run();
                    return;
                }
            }
            if (!raw) {
                upload.write(END, 1);
            }
            upload.finish();
        }
    }

    private static int indexOf(byte[] block, int length) {
        for (int i = 0; i < length; i++) {
            if (block[i] == LEAVE) {
                return i;
            }
        }
        return -1;
    }

    /** Tells the machine the terminal's size, now and when it changes. */
    void followSize() throws IOException {
        resize(Terminal.size());
        Signals.handle("WINCH", number -> Thread.ofPlatform().daemon().start(() -> {
            try {
                resize(Terminal.size());
            } catch (IOException | Failure e) {
                // The machine has just ended.
                return;
            }
        }));
    }

    /** Tells the machine the terminal's size. */
    public void resize(WindowSize size) throws IOException {
        context.agent().with(agent -> agent.call("POST", path + "/resize",
                Map.of("rows", size.rows(), "columns", size.columns())));
    }
}
