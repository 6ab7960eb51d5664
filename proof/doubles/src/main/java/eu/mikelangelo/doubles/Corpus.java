package eu.mikelangelo.doubles;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The inputs of a fuzz target that coverage-guided runs kept, with those that once failed: proof/fuzz/corpus/NAME. A
 * module's tests run in its folder, two below the root.
 */
public final class Corpus {
    private static final Path ALL = Path.of("../../proof/fuzz/corpus");

    private Corpus() {}

    /**
     * Runs a target on each of its inputs.
     *
     * @param target the folder's name, as {@code ./do fuzz} lists it
     * @param fuzz the target's {@code fuzzerTestOneInput}
     * @throws AssertionError naming the input that failed, or that there is none
     */
    public static void replay(String target, Consumer<byte[]> fuzz) throws IOException {
        List<Path> inputs;
        try (Stream<Path> files = Files.list(ALL.resolve(target))) {
            inputs = files.sorted().toList();
        }
        if (inputs.isEmpty()) {
            throw new AssertionError("no inputs of " + target);
        }
        for (Path input : inputs) {
            try {
                fuzz.accept(Files.readAllBytes(input));
            } catch (RuntimeException | Error failed) {
                throw new AssertionError(target + "/" + input.getFileName(), failed);
            }
        }
    }
}
