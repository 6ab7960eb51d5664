package eu.mikelangelo.vhost;

import java.util.Map;
import java.util.TreeMap;

/** What programs of {@link VhostFuzz} did, in numbers. */
final class MessageTally {
    /** Kinds of ends that are kept apart; there are some sixty. */
    private static final int MOST_KINDS = 200;

    long programs;
    /** Programs that started a ring: what they say reaches the device. */
    long started;
    long packed;
    long messages;
    long answers;
    long declined;
    /** Messages by what they were taken for, malformed ones apart. */
    private final long[] types = new long[RequestType.values().length];
    private long malformed;
    private long unserved;
    private final Map<String, Long> ends = new TreeMap<>();

    /** Notes a message as the session sees it. */
    void message(Request seen) {
        messages++;
        RequestType type = switch (seen) {
            case Request.Plain plain -> plain.type();
            case Request.Number number -> number.type();
            case Request.VringState state -> state.type();
            case Request.VringAddress address -> RequestType.SET_VRING_ADDR;
            case Request.VringFd fd -> fd.type();
            case Request.MemoryTable table -> RequestType.SET_MEM_TABLE;
            case Request.MemorySlot slot -> slot.type();
            case Request.Inflight region -> region.type();
            case Request.Unserved other -> null;
            case Request.Malformed bad -> null;
        };
        if (type != null) {
            types[type.ordinal()]++;
        } else if (seen instanceof Request.Malformed) {
            malformed++;
        } else {
            unserved++;
        }
    }

    /** Notes why a session ended; numbers in it are left out. */
    void end(String why) {
        String kind = why.isEmpty() ? "by the program's end"
                : why.replaceAll("-?\\b(0x[0-9a-f]+|[0-9]+)\\b", "N")
                .replaceAll("[A-Z_]+(?= (with a payload|came))", "X");
        ends.merge(ends.size() < MOST_KINDS || ends.containsKey(kind) ? kind : "others", 1L, Long::sum);
    }

    /** @return messages of the request that was sent least often */
    long rarestType() {
        long fewest = Long.MAX_VALUE;
        for (long type : types) {
            fewest = Math.min(fewest, type);
        }
        return fewest;
    }

    /** @return one line */
    String summary() {
        return messages + " messages in " + programs + " programs, " + started + " of which started a ring";
    }

    /** @return all of it, for people */
    String report() {
        StringBuilder text = new StringBuilder();
        line(text, "messages", messages);
        line(text, "  malformed", malformed);
        line(text, "  of requests that are not served", unserved);
        line(text, "  declined, the session going on", declined);
        line(text, "  answered", answers);
        line(text, "programs", programs);
        text.append(String.format("%-72s %,13d  %5.1f %%%n", "  that started a ring", started,
                100.0 * started / Math.max(1, programs)));
        line(text, "  that began with packed rings", packed);
        text.append("messages by request\n");
        for (RequestType type : RequestType.values()) {
            line(text, "  " + type, types[type.ordinal()]);
        }
        text.append("how the sessions ended\n");
        ends.forEach((why, count) -> line(text, "  " + (why.length() > 68 ? why.substring(0, 68) + "…" : why), count));
        return text.toString();
    }

    private static void line(StringBuilder text, String what, long count) {
        text.append(String.format("%-72s %,13d%n", what, count));
    }
}
