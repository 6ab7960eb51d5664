package eu.mikelangelo.packages.image;

import java.util.Random;
import java.util.function.Consumer;

/** Damages bytes in the ways files get damaged: flipped bits, other digits, cuts, repeats, overwritten runs. */
public final class Mutations {
    private Mutations() { }

    /** Runs the target on {@code rounds} damaged copies; whatever it throws names the round. */
    public static void of(byte[] good, int rounds, long seed, Consumer<byte[]> target) {
        Random random = new Random(seed);
        for (int round = 0; round < rounds; round++) {
            byte[] bytes = good.clone();
            int changes = 1 + random.nextInt(4);
            for (int i = 0; i < changes && bytes.length > 0; i++) {
                bytes = change(bytes, random);
            }
            try {
                target.accept(bytes);
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ", round " + round, e);
            }
        }
    }

    private static byte[] change(byte[] bytes, Random random) {
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(6)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes[at] = (byte) random.nextInt(256);
            case 2 -> bytes[at] = (byte) "0123456789ABCDEFabcdef{}[]:,\"'*&\n "
                    .charAt(random.nextInt(33));
            case 3 -> {
                return java.util.Arrays.copyOf(bytes, at);
            }
            case 4 -> {
                byte[] longer = java.util.Arrays.copyOf(bytes, bytes.length + Math.min(64, bytes.length - at));
                System.arraycopy(bytes, at, longer, at + longer.length - bytes.length, bytes.length - at);
                return longer;
            }
            default -> {
                int end = Math.min(bytes.length, at + random.nextInt(16));
                java.util.Arrays.fill(bytes, at, end, (byte) (random.nextBoolean() ? 0xff : 0));
            }
        }
        return bytes;
    }
}
