package eu.mikelangelo.examples.cache;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The fuzz target with seeded inputs: dialogues cut, joined and damaged. */
class FuzzTest {
    @Test
    void survivesDamagedDialogues() throws IOException {
        List<Dialogue> dialogues = Dialogue.all();
        for (int seed = 0; seed < 400; seed++) {
            Random random = new Random(seed);
            ByteArrayOutputStream input = new ByteArrayOutputStream();
            input.write(random.nextInt(40));
            for (int i = 0; i <= random.nextInt(4); i++) {
                input.write(Client.bytes(dialogues.get(random.nextInt(dialogues.size())).sent()));
            }
            byte[] bytes = damaged(input.toByteArray(), random);
            try {
                CacheFuzz.fuzzerTestOneInput(bytes);
            } catch (RuntimeException | AssertionError failed) {
                throw new AssertionError("seed " + seed, failed);
            }
        }
    }

    /** Whole conversations against the model. */
    @Test
    void answersAsTheModelDoes() {
        for (int seed = 0; seed < 300; seed++) {
            byte[] program = new byte[600];
            new Random(seed).nextBytes(program);
            try {
                CacheModelFuzz.fuzzerTestOneInput(program);
            } catch (RuntimeException | AssertionError failed) {
                throw new AssertionError("seed " + seed, failed);
            }
        }
    }

    private static byte[] damaged(byte[] bytes, Random random) {
        byte[] result = bytes.clone();
        for (int i = random.nextInt(6); i > 0 && result.length > 2; i--) {
            int at = 1 + random.nextInt(result.length - 1);
            switch (random.nextInt(4)) {
                case 0 -> result[at] = (byte) random.nextInt(256);
                case 1 -> result[at] = (byte) " \r\n0179-mgsb=".charAt(random.nextInt(13));
                case 2 -> result = java.util.Arrays.copyOf(result, at + 1);
                default -> {
                    byte[] longer = java.util.Arrays.copyOf(result, result.length + 1);
                    System.arraycopy(result, at, longer, at + 1, result.length - at);
                    result = longer;
                }
            }
        }
        return result;
    }
}
