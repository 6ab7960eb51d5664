package eu.mikelangelo.cli.machine;

import eu.mikelangelo.base.Failure;
import java.lang.reflect.Proxy;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntConsumer;

/** Signals by name, and handlers for those that end or resize a foreground command. */
public final class Signals {
    static final int INT = 2;
    static final int TERM = 15;
    /** Linux on x86-64 and ARM, signal(7). */
    private static final Map<String, Integer> NUMBERS = Map.ofEntries(Map.entry("HUP", 1), Map.entry("INT", INT),
            Map.entry("QUIT", 3), Map.entry("ABRT", 6), Map.entry("KILL", 9), Map.entry("USR1", 10),
            Map.entry("SEGV", 11), Map.entry("USR2", 12), Map.entry("PIPE", 13), Map.entry("ALRM", 14),
            Map.entry("TERM", TERM), Map.entry("CHLD", 17), Map.entry("CONT", 18), Map.entry("STOP", 19),
            Map.entry("TSTP", 20), Map.entry("WINCH", 28));

    private Signals() { }

    /** The number of "TERM", "SIGTERM" or "15". @throws Failure BAD_INPUT */
    static int number(String text) {
        String name = text.toUpperCase(Locale.ROOT);
        Integer number = NUMBERS.get(name.startsWith("SIG") ? name.substring(3) : name);
        if (number != null) {
            return number;
        }
        if (text.matches("\\d{1,2}") && Integer.parseInt(text) >= 1 && Integer.parseInt(text) <= 64) {
            return Integer.parseInt(text);
        }
        throw new Failure(Failure.Kind.BAD_INPUT, "\"" + text + "\" is not a signal", "try TERM, HUP or 15");
    }

    /**
     * Calls {@code handler} with the number when the signal comes, on a thread of its own. The JDK's only door to this
     * is sun.misc.Signal (module jdk.unsupported); it is opened by reflection because javac warns of it by name.
     */
    public static void handle(String name, IntConsumer handler) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> receiver = Class.forName("sun.misc.SignalHandler");
            Object proxy = Proxy.newProxyInstance(receiver.getClassLoader(), new Class<?>[] {receiver},
                    (self, method, args) -> {
                        if (method.getName().equals("handle")) {
                            handler.accept((int) signal.getMethod("getNumber").invoke(args[0]));
                        }
                        return null;
                    });
            signal.getMethod("handle", signal, receiver)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JDK has no sun.misc.Signal", e);
        }
    }
}
