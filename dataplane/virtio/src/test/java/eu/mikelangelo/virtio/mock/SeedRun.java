package eu.mikelangelo.virtio.mock;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;

/**
 * Runs a fuzz target on programs from seeds, without looking for coverage: {@code CLASS PROGRAMS [FIRST-SEED]}, where
 * the class has a {@code static void runSeed(long)} that throws an {@link AssertionError} for a finding.
 */
public final class SeedRun {
    private SeedRun() {}

    /** Exit code 1: a promise was broken. */
    public static void main(String[] args) throws ReflectiveOperationException {
        Method runSeed = Class.forName(args[0]).getMethod("runSeed", long.class);
        long programs = Long.parseLong(args[1]);
        long first = args.length > 2 ? Long.parseLong(args[2]) : 1;
        for (long seed = first; seed < first + programs; seed++) {
            try {
                runSeed.invoke(null, seed);
            } catch (InvocationTargetException thrown) {
                if (!(thrown.getCause() instanceof AssertionError)) {
                    throw thrown;
                }
                thrown.printStackTrace();
                System.out.println("FOUND by seed " + seed + ": " + thrown.getCause().getCause());
                System.exit(1);
            }
        }
        System.out.println(programs + " programs, no promise was broken");
    }
}
