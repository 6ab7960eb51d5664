package eu.mikelangelo.bench.net.room;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A conversation with a program over its standard input and output. Its output is read by a thread of its own. */
public final class Talk {
    private static final int LAST_WORDS = 1_500;
    /** Of what it said, this much is kept. */
    private static final int MOST_CHARS = 1 << 20;

    private final PrintStream in;
    private final Thread reader;
    private final StringBuilder said = new StringBuilder();
    private boolean ended;

    public Talk(Group group) {
        in = new PrintStream(group.process.getOutputStream(), true, StandardCharsets.UTF_8);
        group.listener(this);
        reader = Thread.ofPlatform().daemon().start(
                () -> listen(new InputStreamReader(group.process.getInputStream(), StandardCharsets.UTF_8)));
    }

    private void listen(Reader out) {
        char[] chars = new char[8192];
        try {
            for (int count = out.read(chars); count >= 0; count = out.read(chars)) {
                hear(new String(chars, 0, count));
            }
        } catch (IOException gone) {
            // It was ended.
        }
        synchronized (said) {
            ended = true;
            said.notifyAll();
        }
    }

    private void hear(String text) {
        synchronized (said) {
            said.append(text);
            if (said.length() > MOST_CHARS) {
                said.delete(0, said.length() - MOST_CHARS / 2);
            }
            said.notifyAll();
        }
    }

    /** Says a line and waits for an answer. @return the answer, matched. @throws IllegalStateException without one */
    public Matcher ask(String line, Pattern answer, int seconds) {
        synchronized (said) {
            said.setLength(0);
        }
        in.println(line);
        return await(answer, seconds);
    }

    /** Waits until something was said since the last question. @throws IllegalStateException when it is not */
    public Matcher await(Pattern what, int seconds) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        synchronized (said) {
            while (true) {
                Matcher matcher = what.matcher(said.toString());
                if (matcher.find()) {
                    return matcher;
                }
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (ended || left <= 0) {
                    throw new IllegalStateException((ended ? "it ended; " : "no answer; ") + "its last words: "
                            + lastWords());
                }
                try {
                    said.wait(left);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    /** All it says until it ends. */
    public String toEnd() throws InterruptedException {
        reader.join();
        synchronized (said) {
            return said.toString();
        }
    }

    public String lastWords() {
        synchronized (said) {
            return said.substring(Math.max(0, said.length() - LAST_WORDS)).strip();
        }
    }
}
