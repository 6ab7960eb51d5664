package eu.mikelangelo.machines;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Where a guest said that it listens; hearsay, bounded. Thread-safe. */
final class GuestStatus {
    static final int MOST_LISTENING = 256;
    private final TreeSet<String> listening = new TreeSet<>();
    private final TreeSet<String> local = new TreeSet<>();

    synchronized void listening(String protocol, int port, boolean everywhere) {
        TreeSet<String> set = everywhere ? listening : local;
        if (set.size() < MOST_LISTENING) {
            set.add(protocol + " " + port);
        }
    }

    synchronized List<String> listening() {
        return new ArrayList<>(listening);
    }

    /** Which of the published ports nobody listens on, in words; "" when all have a listener. */
    synchronized String missing(List<PublishedPort> ports) {
        List<String> words = new ArrayList<>();
        for (PublishedPort port : ports) {
            String key = port.protocol() + " " + port.guest();
            if (local.contains(key) && !listening.contains(key)) {
                words.add(key + " is listened on at the guest's own loopback address only");
            } else if (!listening.contains(key)) {
                words.add("nobody listens on " + key + " in the guest");
            }
        }
        return String.join("; ", words);
    }

    synchronized boolean localOnly() {
        return local.stream().anyMatch(key -> !listening.contains(key));
    }
}
