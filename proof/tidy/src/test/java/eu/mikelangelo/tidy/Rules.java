package eu.mikelangelo.tidy;

import eu.mikelangelo.tidy.Repository.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The house rules as functions from a source to findings, so that they can be tested themselves. */
final class Rules {
    static final int LINE_LIMIT = 120;
    static final int FILE_LIMIT = 600;
    static final int INIT_LIMIT = 1_500;
    static final int PACKAGE_LIMIT = 25;

    /** What the data plane may not call, and what to use instead (shared/design habits, "Banned"). */
    static final Map<Pattern, String> BANNED_ON_DATA_PATH = banned(
            "\\bCompletableFuture\\b", "a task at the door of the shard",
            "\\bsynchronized\\b", "one owner for every mutable thing",
            "\\bThreadLocal\\b", "a field of the owner",
            "\\bString\\.format\\b|\\.formatted\\(", "concatenation, off the hot path",
            "\\bOptional[<.]", "an error value or null, said in the Javadoc",
            "\\.stream\\(\\)|\\bStream\\.of\\b|\\bIntStream\\b", "a loop",
            "\\bSystem\\.nanoTime\\b|\\bSystem\\.currentTimeMillis\\b", "the Clock of ground/linux",
            "\\b(HashMap|ArrayList|LinkedList)<(Integer|Long)\\b", "primitive arrays");

    /** Which of our modules each module may read: the arrows of ARCHITECTURE.md. */
    static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            Map.entry("ground/memory", Set.of()),
            Map.entry("ground/linux", Set.of("memory")),
            Map.entry("ground/metrics", Set.of()),
            Map.entry("ground/shard", Set.of("memory", "linux", "metrics")),
            Map.entry("examples/cache", Set.of("memory", "shard")),
            Map.entry("examples/outside", Set.of("shard")),
            Map.entry("dataplane/virtio", Set.of("memory")),
            Map.entry("dataplane/vhost", Set.of("memory", "linux", "virtio")),
            Map.entry("dataplane/ioplane", Set.of("memory", "linux", "metrics", "virtio", "vhost", "shard")),
            Map.entry("dataplane/plane-api", Set.of()),
            Map.entry("dataplane/plane", Set.of("memory", "linux", "metrics", "virtio", "vhost", "ioplane",
                    "plane.api")),
            Map.entry("control/base", Set.of()),
            Map.entry("control/packages", Set.of("base")),
            Map.entry("control/machines", Set.of("base")),
            Map.entry("control/agent", Set.of("base", "packages", "machines", "plane.api")),
            Map.entry("face/cli", Set.of("base", "packages", "machines", "agent")));

    private static final Pattern REQUIRES = Pattern.compile("requires\\s+(?:transitive\\s+|static\\s+)*([\\w.]+)\\s*;");
    private static final Pattern LINK = Pattern.compile("\\[[^\\]]*]\\(([^)#\\s]+)(#[^)]*)?\\)");

    private Rules() { }

    static List<String> tooLong(Source source, int fileLimit) {
        List<String> findings = new ArrayList<>();
        if (source.lines().size() > fileLimit) {
            findings.add(source.path() + " has " + source.lines().size() + " lines; the limit is " + fileLimit);
        }
        for (int i = 0; i < source.lines().size(); i++) {
            if (source.lines().get(i).length() > LINE_LIMIT) {
                findings.add(source.path() + ":" + (i + 1) + " is longer than " + LINE_LIMIT + " columns");
            }
        }
        return findings;
    }

    static List<String> banned(Source source) {
        List<String> findings = new ArrayList<>();
        for (int i = 0; i < source.lines().size(); i++) {
            String code = withoutComment(source.lines().get(i));
            for (var ban : BANNED_ON_DATA_PATH.entrySet()) {
                if (ban.getKey().matcher(code).find()) {
                    findings.add(source.path() + ":" + (i + 1) + " uses " + ban.getKey() + "; use " + ban.getValue());
                }
            }
        }
        return findings;
    }

    static List<String> unfinished(Source source) {
        List<String> findings = new ArrayList<>();
        Pattern mark = Pattern.compile("\\b(TODO|FIX" + "ME|XX" + "X)\\b|@Disabled|assumeTrue\\(false");
        for (int i = 0; i < source.lines().size(); i++) {
            if (mark.matcher(source.lines().get(i)).find()) {
                findings.add(source.path() + ":" + (i + 1) + " is marked unfinished: finish it or open an issue");
            }
        }
        return findings;
    }

    /** Checks {@code requires} of one module-info against {@link #ARROWS}; below control only the JDK is allowed. */
    static List<String> arrows(Source moduleInfo) {
        List<String> findings = new ArrayList<>();
        String module = moduleInfo.path().replaceAll("/src/main/java/module-info.java$", "");
        Set<String> allowed = ARROWS.get(module);
        if (allowed == null) {
            return List.of(module + " is not in ARROWS: say there what it may read");
        }
        boolean jdkOnly = module.startsWith("ground/") || module.startsWith("dataplane/")
                || module.startsWith("examples/");
        Matcher matcher = REQUIRES.matcher(moduleInfo.text());
        while (matcher.find()) {
            String name = matcher.group(1);
            if (name.startsWith("eu.mikelangelo.")) {
                if (!allowed.contains(name.substring("eu.mikelangelo.".length()))) {
                    findings.add(module + " may not read " + name);
                }
            } else if (jdkOnly && !name.startsWith("java.") && !name.startsWith("jdk.")) {
                findings.add(module + " may use the JDK only, not " + name);
            }
        }
        return findings;
    }

    /** Relative links of a Markdown page that lead nowhere; {@code exists} tells whether a path is there. */
    static List<String> deadLinks(Source page, java.util.function.Predicate<String> exists) {
        List<String> findings = new ArrayList<>();
        Matcher matcher = LINK.matcher(page.text());
        while (matcher.find()) {
            String target = matcher.group(1);
            if (target.matches("[a-z]+:.*")) {
                continue;
            }
            String folder = page.path().contains("/") ? page.path().replaceAll("[^/]*$", "") : "";
            String path = java.nio.file.Path.of(folder + target).normalize().toString();
            if (!exists.test(path)) {
                findings.add(page.path() + " links to " + target + ", which does not exist");
            }
        }
        return findings;
    }

    /** Versions written outside the root pom. */
    static List<String> versions(Source pom) {
        String text = pom.text().replaceFirst("(?s)<parent>.*?</parent>", "");
        return text.contains("<version>") ? List.of(pom.path() + " names a version; the root pom.xml is the one place")
                : List.of();
    }

    static Map<String, Integer> packageSizes(List<String> paths) {
        Map<String, Integer> sizes = new TreeMap<>();
        for (String path : paths) {
            if (path.matches(".*/src/main/java/.*\\.java")) {
                sizes.merge(path.replaceAll("/[^/]*$", ""), 1, Integer::sum);
            }
        }
        return sizes;
    }

    /** The code of a line: cut at a line comment, nothing of a line inside a block comment. Strings are kept. */
    static String withoutComment(String line) {
        String code = line.strip();
        if (code.startsWith("*") || code.startsWith("/*")) {
            return "";
        }
        int comment = line.indexOf("//");
        return comment < 0 ? line : line.substring(0, comment);
    }

    private static Map<Pattern, String> banned(String... pairs) {
        Map<Pattern, String> map = new java.util.LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(Pattern.compile(pairs[i]), pairs[i + 1]);
        }
        return map;
    }
}
