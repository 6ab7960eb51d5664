package eu.mikelangelo.examples.cache;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A conversation of {@code src/test/resources/dialogues}: what is sent, and what must come back. */
public record Dialogue(String name, String sent, String expected) {
    public static List<Dialogue> all() throws IOException {
        List<Dialogue> all = new ArrayList<>();
        try (var files = Files.list(Path.of("src/test/resources/dialogues"))) {
            for (Path file : files.sorted().toList()) {
                read(file, all);
            }
        }
        return all;
    }

    private static void read(Path file, List<Dialogue> all) throws IOException {
        StringBuilder sent = new StringBuilder();
        StringBuilder expected = new StringBuilder();
        String name = null;
        for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
            if (line.startsWith("= ")) {
                if (name != null) {
                    all.add(new Dialogue(name, sent.toString(), expected.toString()));
                }
                name = file.getFileName() + ": " + line.substring(2);
                sent.setLength(0);
                expected.setLength(0);
            } else if (line.startsWith("> ") || line.equals(">")) {
                sent.append(unescaped(line)).append("\r\n");
            } else if (line.startsWith("< ") || line.equals("<")) {
                expected.append(unescaped(line)).append("\r\n");
            } else if (!line.isBlank() && !line.startsWith("#")) {
                throw new IllegalArgumentException(file + ": " + line);
            }
        }
        all.add(new Dialogue(name, sent.toString(), expected.toString()));
    }

    /** {@code {x*300}} stands for 300 times x. */
    private static String unescaped(String line) {
        String text = line.length() < 2 ? "" : line.substring(2);
        return java.util.regex.Pattern.compile("\\{(.)\\*(\\d+)}").matcher(text)
                .replaceAll(m -> m.group(1).repeat(Integer.parseInt(m.group(2))));
    }
}
