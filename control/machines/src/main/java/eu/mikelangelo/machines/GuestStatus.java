package eu.mikelangelo.machines;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a guest has said about itself; hearsay, bounded. Thread-safe. */
final class GuestStatus {
    private static final int MOST_LISTENING = 256;
    private static final Pattern EXIT = Pattern.compile("exit (?:(\\d{1,3})|signal (\\d{1,2}))");
    private static final Pattern LISTENING = Pattern.compile("(listening|listening-local) (tcp|udp) (\\d{1,5})");
    private final TreeSet<String> listening = new TreeSet<>();
    private final TreeSet<String> local = new TreeSet<>();

    /** Takes note of a status line; the event it is for the state machine, if any. */
    synchronized Optional<MachineEvent> take(String line) {
        Matcher port = LISTENING.matcher(line);
        if (port.matches()) {
            TreeSet<String> set = port.group(1).equals("listening") ? listening : local;
            if (set.size() < MOST_LISTENING) {
                set.add(port.group(2) + " " + port.group(3));
            }
            return Optional.empty();
        }
        if (line.startsWith("started ")) {
            return Optional.of(new MachineEvent.AppStarted());
        }
        if (line.equals("ready")) {
            return Optional.of(new MachineEvent.Ready());
        }
        if (line.startsWith("failed ")) {
            return Optional.of(new MachineEvent.GuestFailed(line.substring(7).replaceAll("\\p{Cntrl}", "?")));
        }
        return exit(line);
    }

    private static Optional<MachineEvent> exit(String line) {
        Matcher exit = EXIT.matcher(line);
        if (!exit.matches()) {
            return Optional.empty();
        }
        if (exit.group(1) == null) {
            return Optional.of(new MachineEvent.AppExited(ExitStatus.signal(Integer.parseInt(exit.group(2)))));
        }
        int code = Integer.parseInt(exit.group(1));
        return code > 255 ? Optional.empty() : Optional.of(new MachineEvent.AppExited(ExitStatus.code(code)));
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
