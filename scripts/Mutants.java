import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Breaks our own checks, one at a time, in copies, and says which of the breaks the seeded programs notice. Run by
 * prove.sh: java scripts/Mutants.java LIST CLASS-PATH ONLY JVM…, ONLY being names with commas, or empty.
 *
 * <p>Of each mutant the module's sources are compiled with the changed file into build/mutants/NAME, which goes before
 * everything else on the class path of what must find it. Fails when a mutant does not fit its source any more, when
 * one is not found, and when the programs find something without a mutant.
 */
final class Mutants {
    private static final Path OUT = Path.of("build/mutants");
    private static final long LIMIT_MINUTES = 10;

    /** Main class and arguments of what can find a mutant; each takes a first seed too. */
    private static final Map<String, List<String>> FINDERS = Map.of(
            "rings", List.of("eu.mikelangelo.virtio.mock.RingRun", "4000000"),
            "card", List.of("eu.mikelangelo.virtio.mock.SeedRun", "eu.mikelangelo.virtio.mock.VirtqueueFuzz", "3000"),
            "messages", List.of("eu.mikelangelo.vhost.MessageRun", "800000"));

    /** One change of one file. */
    private record Mutant(String name, String why, Path file, String finder, List<String> old, List<String> now) {
    }

    private final String classPath;
    private final List<String> jvm;

    private Mutants(String classPath, List<String> jvm) {
        this.classPath = classPath;
        this.jvm = jvm;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        Set<String> only = args[2].isEmpty() ? Set.of() : Set.of(args[2].split(","));
        List<Mutant> mutants = read(Path.of(args[0])).stream()
                .filter(mutant -> only.isEmpty() || only.contains(mutant.name)).toList();
        if (mutants.isEmpty()) {
            throw new IllegalArgumentException("no mutant is called " + only);
        }
        System.exit(new Mutants(args[1], List.of(args).subList(3, args.length)).run(mutants));
    }

    /** @return the exit code */
    private int run(List<Mutant> mutants) throws IOException, InterruptedException {
        // All must fit before the first one runs: who changed a check sees at once that its mutant is to be changed.
        List<String> texts = new ArrayList<>();
        for (Mutant mutant : mutants) {
            texts.add(mutated(mutant));
        }
        for (String finder : mutants.stream().map(Mutant::finder).distinct().sorted().toList()) {
            String found = find("without", finder, classPath);
            System.out.printf("%-34s %-9s %s%n", "without a mutant", finder, found == null ? "nothing found" : found);
            if (found != null) {
                return 1;
            }
        }
        int count = 0;
        for (int i = 0; i < mutants.size(); i++) {
            Mutant mutant = mutants.get(i);
            Path classes = compile(mutant, texts.get(i));
            String found = find(mutant.name, mutant.finder, classes + ":" + classPath);
            count += found == null ? 0 : 1;
            System.out.printf("%-34s %-9s %s%n", mutant.name, mutant.finder, found == null ? "NOT FOUND" : found);
            if (found == null) {
                System.out.println("    " + mutant.why);
            }
        }
        System.out.println("mutants: " + count + " of " + mutants.size() + " found");
        return count == mutants.size() ? 0 : 1;
    }

    /** Lines: "mutant NAME: WHY", "in FILE", "by FINDER", "- OLD" and "+ NEW" lines; "#" begins a comment. */
    private static List<Mutant> read(Path list) throws IOException {
        List<Mutant> mutants = new ArrayList<>();
        Mutant last = null;
        int number = 0;
        for (String line : Files.readAllLines(list)) {
            number++;
            String text = line.length() > 2 ? line.substring(line.indexOf(' ') + 1) : "";
            switch (line.isBlank() ? "#" : line.substring(0, Math.max(1, line.indexOf(' ')))) {
                case "mutant" -> last = new Mutant(text.substring(0, text.indexOf(':')),
                        text.substring(text.indexOf(':') + 2), null, null, new ArrayList<>(), new ArrayList<>());
                case "in" -> last = new Mutant(last.name, last.why, Path.of(text), null, last.old, last.now);
                case "by" -> {
                    last = new Mutant(last.name, last.why, last.file, text, last.old, last.now);
                    mutants.add(last);
                }
                case "-" -> last.old.add(text.strip());
                case "+" -> last.now.add(text.strip());
                case "#" -> { }
                default -> throw new IOException(list + ":" + number + ": " + line);
            }
        }
        return mutants;
    }

    /** @return the text of the file with the change. @throws IllegalStateException when it fits nowhere, or twice */
    private static String mutated(Mutant mutant) throws IOException {
        List<String> lines = Files.readAllLines(mutant.file);
        int at = -1;
        for (int i = 0; i + mutant.old.size() <= lines.size(); i++) {
            if (lines.subList(i, i + mutant.old.size()).stream().map(String::strip).toList().equals(mutant.old)) {
                if (at >= 0) {
                    throw new IllegalStateException("mutant " + mutant.name + " fits " + mutant.file + " twice");
                }
                at = i;
            }
        }
        if (at < 0 || mutant.old.isEmpty()) {
            throw new IllegalStateException("mutant " + mutant.name + " does not fit " + mutant.file
                    + " any more: change it in proof/fuzz/mutants.txt as its check was changed");
        }
        List<String> changed = new ArrayList<>(lines.subList(0, at));
        changed.addAll(mutant.now);
        changed.addAll(lines.subList(at + mutant.old.size(), lines.size()));
        return String.join("\n", changed) + "\n";
    }

    /** @return the folder of the module's classes with the change */
    private Path compile(Mutant mutant, String text) throws IOException {
        Path sources = mutant.file;
        while (!sources.endsWith("src/main/java")) {
            sources = sources.getParent();
        }
        Path folder = OUT.resolve(mutant.name);
        remove(folder);
        Path changed = folder.resolve("src").resolve(sources.relativize(mutant.file));
        Path classes = Files.createDirectories(folder.resolve("classes"));
        Files.createDirectories(changed.getParent());
        Files.writeString(changed, text);
        List<Path> files = new ArrayList<>();
        files.add(changed);
        try (Stream<Path> all = Files.walk(sources)) {
            all.filter(file -> file.toString().endsWith(".java") && !file.equals(mutant.file)
                    && !file.endsWith("module-info.java")).forEach(files::add);
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, Locale.ROOT, null)) {
            // ground/memory has code with vectors, whose module is not there by itself.
            List<String> options = List.of("-nowarn", "-proc:none", "--add-modules", "jdk.incubator.vector", "-d",
                    classes.toString(), "-cp", classPath);
            if (!compiler.getTask(said, manager, null, options, null, manager.getJavaFileObjectsFromPaths(files))
                    .call()) {
                throw new IllegalStateException("mutant " + mutant.name + " does not compile:\n" + said);
            }
        }
        return classes;
    }

    private static void remove(Path folder) throws IOException {
        if (Files.exists(folder)) {
            List<Path> all;
            try (Stream<Path> files = Files.walk(folder)) {
                all = files.toList();
            }
            for (Path file : all.reversed()) {
                Files.delete(file);
            }
        }
    }

    /** @return what was found, or null. @throws IllegalStateException when the finder itself failed */
    private String find(String name, String finder, String path) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(jvm);
        command.addAll(Arrays.asList("-cp", path));
        List<String> main = FINDERS.get(finder);
        if (main == null) {
            throw new IllegalStateException("mutant " + name + ": nothing is called " + finder);
        }
        command.addAll(main);
        Path log = Files.createDirectories(OUT).resolve(name + "-" + finder + ".log");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly().waitFor();
            throw new IllegalStateException(finder + " with mutant " + name + " did not end: " + log);
        }
        for (String line : Files.readAllLines(log)) {
            if (process.exitValue() == 1 && line.startsWith("FOUND by ")) {
                String found = line.substring("FOUND ".length());
                return "found " + (found.length() > 100 ? found.substring(0, 100) + "…" : found);
            }
        }
        if (process.exitValue() != 0) {
            throw new IllegalStateException(finder + " with mutant " + name + " ended with "
                    + process.exitValue() + ": " + log);
        }
        return null;
    }
}
