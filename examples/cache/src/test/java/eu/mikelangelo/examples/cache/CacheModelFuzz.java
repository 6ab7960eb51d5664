package eu.mikelangelo.examples.cache;

import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;

/**
 * Fuzz target that knows the protocol's structure: the input is a program of commands, text and meta, mostly right and
 * sometimes damaged in their arguments. A whole conversation is held with a store of this shard and with one of another
 * shard, cut anywhere, and every answer is compared with that of {@link Model}.
 */
public final class CacheModelFuzz {
    private static final int MOST_COMMANDS = 200;
    private static final String[] STORES = {"set", "add", "replace", "append", "prepend", "cas"};
    private static final Store HERE = store();
    private static final Store THERE = store();
    private static long now = 1_800_000_000L;

    private final byte[] program;
    private final Model model = new Model(now);
    private final StringBuilder sent = new StringBuilder();
    private final StringBuilder expected = new StringBuilder();
    private int at;

    private CacheModelFuzz(byte[] program) {
        this.program = program;
    }

    private static Store store() {
        return new Store(Arena.global(), StoreOptions.ofMemory(32 << 20), 1_800_000_000L);
    }

    /** Two bytes choose the pieces, then commands follow. */
    public static void fuzzerTestOneInput(byte[] input) {
        new CacheModelFuzz(input).run();
    }

    private int next(int bound) {
        return at < program.length ? (program[at++] & 0xff) % bound : 0;
    }

    private void run() {
        int piece = 1 + next(255) * (next(2) == 0 ? 1 : 50);
        try (Arena arena = Arena.ofConfined()) {
            Client here = new Client(arena, HERE, new StagingPool(arena, 2, 64 << 10), Protocol.MIN_INPUT, 4096);
            Client there = Client.ofOtherShard(arena, THERE, new StagingPool(arena, 2, 64 << 10), Protocol.MIN_INPUT,
                    64 << 10);
            here.ask("flush_all\r\n");
            there.ask("flush_all\r\n");
            model.number = Math.max(HERE.items.cas, THERE.items.cas);
            HERE.items.cas = model.number;
            THERE.items.cas = model.number;
            for (int i = 0; i < MOST_COMMANDS && at < program.length; i++) {
                if (next(24) == 23) {
                    talk(here, there, piece);
                    now += next(8);
                    model.now = now;
                    HERE.clock(now);
                    THERE.clock(now);
                }
                command();
            }
            talk(here, there, piece);
        }
        Invariants.check(HERE);
    }

    private void talk(Client here, Client there, int piece) {
        byte[] commands = Client.bytes(sent.toString());
        same(here.ask(commands, piece), "here, in pieces of " + piece);
        same(there.ask(commands, piece), "on another shard, in pieces of " + piece);
        sent.setLength(0);
        expected.setLength(0);
    }

    private void same(byte[] answers, String where) {
        String said = new String(answers, StandardCharsets.ISO_8859_1);
        if (!said.contentEquals(expected)) {
            int differs = 0;
            while (differs < Math.min(said.length(), expected.length())
                    && said.charAt(differs) == expected.charAt(differs)) {
                differs++;
            }
            throw new AssertionError(where + ", from byte " + differs + "\nexpected " + brief(expected, differs)
                    + "\nbut was  " + brief(said, differs) + "\nwas sent " + brief(sent, 0));
        }
    }

    private static String brief(CharSequence text, int from) {
        String part = text.toString().substring(Math.max(0, from - 80)).replaceAll("(?s)(.{1,4})\\1{19,}", "$1*")
                .replace("\r", "\\r").replace("\n", "\\n").replaceAll("[^ -~]", ".");
        return part.length() < 1_000 ? part : part.substring(0, 1_000);
    }

    private void say(String command, String answer) {
        sent.append(command).append("\r\n");
        expected.append(answer);
    }

    private String key() {
        int number = next(8);
        return "key" + number + (number == 7 ? "x".repeat(Request.MAX_KEY - 4) : "");
    }

    private String value(int bound) {
        return switch (next(4)) {
            case 0 -> String.valueOf(next(256) * 7);
            case 1 -> "";
            case 2 -> String.valueOf((char) ('a' + next(26))).repeat(next(256));
            default -> "z\r\n\0".repeat(bound / 4).substring(0, next(256) * bound / 256);
        };
    }

    private void command() {
        String key = key();
        switch (next(12)) {
            case 0, 1 -> store(key);
            case 2 -> metaSet(key);
            case 3 -> get(key);
            case 4 -> metaGet(key);
            case 5 -> count(key);
            case 6 -> delete(key);
            case 7 -> touch(key);
            case 8 -> several(key);
            case 9 -> wrong(key);
            case 10 -> say("mn", "MN\r\n");
            default -> say("version", "VERSION " + Protocol.VERSION + "\r\n");
        }
    }

    private void store(String key) {
        String command = STORES[next(STORES.length)];
        Model.Entry old = model.live(key);
        String value = value(16_000);
        if (old != null && old.value().length() > 16_000) {
            command = "set";
        }
        long cas = old == null || next(2) == 0 ? 1 : old.number();
        int flags = next(256);
        int time = next(3) == 0 ? 1 + next(10) : 0;
        boolean quiet = next(6) == 0;
        String line = command + " " + key + " " + flags + " " + time + " " + value.length()
                + (command.equals("cas") ? " " + cas : "") + (quiet ? " noreply" : "");
        if (next(16) == 15) {
            // What is behind the value is no line end: nothing is stored, and the rest is a line of its own.
            say(line + "\r\n" + value + "xy\r\n" + "mn", "CLIENT_ERROR bad data chunk\r\n");
            expected.setLength(quiet ? expected.length() - 29 : expected.length());
            expected.append("ERROR\r\nMN\r\n");
            return;
        }
        String answer = model.store(command, key, value, flags, time, cas);
        say(line + "\r\n" + value, quiet ? "" : answer);
    }

    private void metaSet(String key) {
        String value = value(16_000);
        int flags = next(256);
        int time = next(3) == 0 ? 1 + next(10) : 0;
        String mode = next(2) == 0 ? "" : next(2) == 0 ? " ME" : " MR";
        String command = mode.isEmpty() ? "set" : mode.equals(" ME") ? "add" : "replace";
        boolean quiet = next(4) == 0;
        boolean stored = model.store(command, key, value, flags, time, 0).startsWith("STORED");
        String line = "ms " + key + " " + value.length() + " F" + flags + " T" + time + mode + (quiet ? " q" : "")
                + " Oabc k";
        say(line + "\r\n" + value, stored && quiet ? "" : (stored ? "HD" : "NS") + " Oabc k" + key + "\r\n");
    }

    private void get(String key) {
        say("gets " + key, model.get(key));
    }

    private void metaGet(String key) {
        Model.Entry entry = model.live(key);
        boolean quiet = next(4) == 0;
        say("mg " + key + " s c f v" + (quiet ? " q" : ""), entry == null ? quiet ? "" : "EN\r\n"
                : "VA " + entry.value().length() + " s" + entry.value().length() + " c" + entry.number() + " f"
                + entry.flags() + "\r\n" + entry.value() + "\r\n");
    }

    private void count(String key) {
        Model.Entry old = model.live(key);
        if (old != null && old.value().strip().matches("[0-9]{19,}")) {
            return;   // the model counts no further
        }
        boolean up = next(2) == 0;
        int delta = next(256) * 9;
        boolean quiet = next(4) == 0;
        String answer = model.count(key, up, delta);
        say((up ? "incr " : "decr ") + key + " " + delta + (quiet ? " noreply" : ""), quiet ? "" : answer);
    }

    private void delete(String key) {
        boolean there = model.live(key) != null;
        model.entries.remove(key);
        if (next(2) == 0) {
            say("delete " + key, there ? "DELETED\r\n" : "NOT_FOUND\r\n");
        } else {
            say("md " + key + " Oq1", (there ? "HD" : "NF") + " Oq1\r\n");
        }
    }

    private void touch(String key) {
        Model.Entry old = model.live(key);
        if (old != null) {
            model.entries.put(key, new Model.Entry(old.value(), old.flags(), model.now + 5, old.number()));
        }
        say("touch " + key + " 5", old == null ? "NOT_FOUND\r\n" : "TOUCHED\r\n");
    }

    private void several(String first) {
        StringBuilder line = new StringBuilder("gets ").append(first);
        StringBuilder answer = new StringBuilder(model.get(first));
        for (int i = next(20); i > 0; i--) {
            String key = key();
            line.append(" ".repeat(1 + next(2))).append(key);
            answer.setLength(answer.length() - 5);
            answer.append(model.get(key));
        }
        say(line.toString(), answer.toString());
    }

    private void wrong(String key) {
        String bad = "CLIENT_ERROR bad command line format\r\n";
        switch (next(8)) {
            case 0 -> say("set " + key + " 0 0 -1", bad);
            case 1 -> say("set " + key + "y".repeat(251) + " 0 0 5", bad);
            case 2 -> say("set " + key + " 4294967296 0 5", bad);
            case 3 -> say("incr " + key + " x", "CLIENT_ERROR invalid numeric delta argument\r\n");
            case 4 -> say("touch " + key + " soon", "CLIENT_ERROR invalid exptime argument\r\n");
            case 5 -> say("", "ERROR\r\n");
            case 6 -> say("ms " + key + " many", bad);
            default -> say("what " + key, "ERROR\r\n");
        }
    }
}
