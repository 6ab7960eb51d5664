package eu.mikelangelo.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.tidy.Repository.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The house rules, checked on this repository. Exceptions are listed here, each with its reason. */
class TidyTest {

    /** "path rule-word" → reason. */
    private static final Map<String, String> EXCEPTIONS = Map.of(
            "ground/linux/src/main/java/eu/mikelangelo/linux/Clock.java nanoTime", "it is the clock",
            "dataplane/plane-api/src/main/java/eu/mikelangelo/plane/api/FrameChannel.java nanoTime",
            "control threads of agent and plane; the module knows nothing but the JDK, so it cannot use the clock",
            "ground/shard/src/main/java/eu/mikelangelo/shard/Outside.java CompletableFuture",
            "the door for threads that are no shard's: they wait as the JDK's threads do",
            "ground/shard/src/main/java/eu/mikelangelo/shard/Host.java CompletableFuture",
            "waits at that door");

    @Test
    void filesAndLinesFitAScreen() {
        List<String> findings = new ArrayList<>();
        for (Source source : Repository.sources(".*\\.(java|c|h)")) {
            findings.addAll(Rules.tooLong(source, Rules.FILE_LIMIT));
        }
        none(findings);
    }

    @Test
    void theDataPathUsesNothingThatIsBannedThere() {
        List<String> findings = new ArrayList<>();
        for (Source source : Repository.sources("(dataplane|ground)/.*/src/main/.*\\.java")) {
            for (String finding : Rules.banned(source)) {
                if (EXCEPTIONS.keySet().stream().noneMatch(known -> isException(known, source, finding))) {
                    findings.add(finding);
                }
            }
        }
        none(findings);
    }

    private static boolean isException(String known, Source source, String finding) {
        String[] words = known.split(" ");
        return source.path().equals(words[0]) && finding.contains(words[1]);
    }

    @Test
    void nothingIsLeftUnfinished() {
        List<String> findings = new ArrayList<>();
        for (Source source : Repository.sources("(?!proof/tidy/).*\\.(java|c|h|sh|md)|mike|do")) {
            findings.addAll(Rules.unfinished(source));
        }
        none(findings);
    }

    @Test
    void arrowsBetweenModulesPointDown() {
        List<String> findings = new ArrayList<>();
        for (Source source : Repository.sources("(ground|dataplane|control|face|examples)/.*/module-info\\.java")) {
            findings.addAll(Rules.arrows(source));
        }
        none(findings);
    }

    @Test
    void linksInPagesLeadSomewhere() {
        List<String> findings = new ArrayList<>();
        for (Source page : Repository.sources(".*\\.md")) {
            findings.addAll(Rules.deadLinks(page, path -> Files.exists(Repository.ROOT.resolve(path))));
        }
        none(findings);
    }

    @Test
    void versionsStandInOnePlace() {
        List<String> findings = new ArrayList<>();
        for (Source pom : Repository.sources(".+/pom\\.xml")) {
            // A project of somebody else's has no root of ours to take versions from.
            if (!pom.path().startsWith("examples/outside/")) {
                findings.addAll(Rules.versions(pom));
            }
        }
        none(findings);
    }

    @Test
    void packagesStaySmallAndSayWhatTheyAre() {
        List<String> findings = new ArrayList<>();
        List<String> paths = Repository.paths();
        Rules.packageSizes(paths).forEach((folder, size) -> {
            boolean root = folder.endsWith("/src/main/java");
            if (size > Rules.PACKAGE_LIMIT) {
                findings.add(folder + " has " + size + " files; the limit is " + Rules.PACKAGE_LIMIT);
            }
            if (!root && !paths.contains(folder + "/package-info.java")) {
                findings.add(folder + " has no package-info.java");
            }
        });
        none(findings);
    }

    @Test
    void initStaysSmall() {
        int lines = Repository.sources("guest/init/[^/]*\\.[ch]").stream().mapToInt(s -> s.lines().size()).sum();
        if (lines > Rules.INIT_LIMIT) {
            none(List.of("guest/init has " + lines + " lines of C; the limit is " + Rules.INIT_LIMIT));
        }
    }

    /** Package registries and mirrors belong to a host's configuration, and paths of a machine to that machine. */
    @Test
    void noPathOrMirrorOfAMachineIsWrittenDown() throws IOException {
        List<String> findings = new ArrayList<>();
        Pattern machine = Pattern.compile("/wo" + "rk/(main|wt|shared)|temurin-25-jdk-amd" + "64|/root/\\.m2");
        Set<String> hosts = HostNames.ofPackageManagers();
        for (Source source : Repository.sources("(?!LICENSE|proof/tidy/).*\\.(java|c|h|sh|md|xml|yaml)|mike|do")) {
            for (int i = 0; i < source.lines().size(); i++) {
                String line = source.lines().get(i);
                if (machine.matcher(line).find() || hosts.stream().anyMatch(line::contains)) {
                    findings.add(source.path() + ":" + (i + 1) + " names a path or a mirror of this machine");
                }
            }
        }
        none(findings);
    }

    /** Each promise names the test that keeps it: `Class.method` or `Class`, or says "no test yet". */
    @Test
    void everyPromiseNamesItsTest() {
        List<String> findings = new ArrayList<>();
        List<String> paths = Repository.paths();
        for (String line : Repository.read("SPECIFICATION.md").lines()) {
            if (!line.startsWith("| ") || line.startsWith("| promise")) {
                continue;
            }
            String last = line.replaceAll("\\|\\s*$", "").replaceAll(".*\\|", "").strip();
            Matcher test = Pattern.compile("`(\\w+Test)(?:\\.(\\w+))?`").matcher(last);
            boolean named = last.contains("no test yet") || last.contains("`./do bench")
                    || last.contains("`./do prove");
            while (test.find()) {
                named = true;
                String file = "/" + test.group(1) + ".java";
                String method = test.group(2);
                if (paths.stream().noneMatch(path -> path.endsWith(file)
                        && (method == null || Repository.read(path).text().contains("void " + method + "(")))) {
                    findings.add("SPECIFICATION.md names " + test.group() + ", which does not exist");
                }
            }
            if (!named) {
                findings.add("SPECIFICATION.md: no test is named in: " + line);
            }
        }
        none(findings);
    }

    @Test
    void exceptionsAreStillNeeded() {
        for (String known : EXCEPTIONS.keySet()) {
            Source source = Repository.read(known.split(" ")[0]);
            assertTrue(Rules.banned(source).stream().anyMatch(finding -> isException(known, source, finding)),
                    "not needed any more: " + known);
        }
    }

    private static void none(List<String> findings) {
        assertEquals("", String.join("\n", findings), findings.size() + " findings");
    }
}
