package eu.mikelangelo.system;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A Debian on which nothing of ours was installed: a minimal system by debootstrap in a folder below build/, entered by
 * pivot_root in namespaces of its own for mounts and processes. What runs in there ends, and what is mounted for it
 * goes, when this object is closed or this process dies. It shares the host's network, kernel and devices; of the
 * host's settings it gets those without which its network would be another: resolver, apt's mirror and proxies, own
 * certificate authorities, Maven's settings.
 */
final class FreshMachine implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    /** Its first process: mounts, moves in, says so, and ends with us; bash collects what its daemons leave. */
    private static final String FIRST = """
            set -e
            mount --bind "$1" "$1"; cd "$1"
            mount -t proc proc proc; mount --rbind /sys sys; mount --rbind /dev dev
            pivot_root . mnt; umount -l /mnt
            echo ready
            read -r end || true
            """;
    private final Path root;
    private final Process first;
    private final long pid;

    /** @param suite Debian's code name of a release */
    FreshMachine(String suite) throws IOException, InterruptedException {
        root = Mike.ROOT.resolve("build/t/fresh").resolve(suite);
        delete();
        Files.createDirectories(root.getParent());
        host(LIMIT, "debootstrap", "--variant=minbase", "--include=ca-certificates,git", suite,
                root.toString(), mirror());
        settings(suite);
        host(LIMIT, "git", "clone", "--quiet", "--bare", "--depth", "1", "file://" + Mike.ROOT,
                root.resolve("srv/mikelangelo.git").toString());
        first = new ProcessBuilder("unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", FIRST,
                "first", root.toString()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        if (!"ready".equals(first.inputReader().readLine())) {
            throw new AssertionError("no namespaces: exit code " + first.waitFor());
        }
        pid = first.children().findFirst().orElseThrow().pid();
    }

    /** Why none can be made here; empty when one can. */
    static String missing() {
        if (!System.getProperty("user.name").equals("root")) {
            return "skipped: a fresh machine needs root";
        }
        for (String program : new String[] {"debootstrap", "unshare", "nsenter", "git", "apt-get"}) {
            if (!onPath(program)) {
                return "skipped: a fresh machine needs " + program;
            }
        }
        return Files.exists(Mike.ROOT.resolve(".git")) ? "" : "skipped: not a git repository, nothing to clone";
    }

    private static boolean onPath(String program) {
        for (String folder : (System.getenv("PATH") + ":" + PATH).split(File.pathSeparator)) {
            if (Files.isExecutable(Path.of(folder, program))) {
                return true;
            }
        }
        return false;
    }

    private static String mirror() throws IOException, InterruptedException {
        String known = host(LIMIT, "apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages");
        return known.lines().filter(uri -> uri.matches(".*/debian/*")).findFirst()
                .orElseThrow(() -> new AssertionError("apt knows no mirror of Debian; it knows " + known));
    }

    private void settings(String suite) throws IOException, InterruptedException {
        Path apt = root.resolve("etc/apt");
        Files.writeString(apt.resolve("sources.list"), "deb " + mirror() + " " + suite + " main\n");
        String network = host(LIMIT, "apt-config", "dump").lines()
                .filter(line -> line.matches("Acquire::(https?|Check|Retries|ForceIPv).*"))
                .collect(Collectors.joining("\n", "", "\n"));
        Files.writeString(apt.resolve("apt.conf.d/90host"), network);
        host(LIMIT, "bash", "-c", """
                cp -L /etc/resolv.conf /etc/hosts "$1/etc/"
                cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/" 2> /dev/null
                (cd ~ && cp --parents .m2/settings.xml "$1/root") 2> /dev/null
                chroot "$1" update-ca-certificates
                """, "settings", root.toString());
    }

    /** Types a line into root's shell, without a terminal and with empty input. */
    Mike.Result type(String line) {
        return type(LIMIT, line);
    }

    Mike.Result type(Duration limit, String line) {
        List<String> words = new ArrayList<>(List.of("nsenter", "--target", String.valueOf(pid), "--mount", "--pid",
                "env", "-i", "HOME=/root", "TERM=xterm", "PATH=" + PATH));
        for (String proxy : new String[] {"http_proxy", "https_proxy", "no_proxy"}) {
            if (System.getenv(proxy) != null) {
                words.add(proxy + "=" + System.getenv(proxy));
            }
        }
        words.addAll(List.of("bash", "-c", line));
        try {
            return finish(new ProcessBuilder(words).start(), limit, line);
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Types a line at a terminal and then the answer to what it asks. */
    Mike.Result typeAtATerminal(String line, String answer) {
        return type("(sleep 2; echo " + answer + "; while [ ! -e /tmp/over ]; do sleep 0.2; done) | script -qec '"
                + line + "; code=$?; touch /tmp/over; exit $code' /dev/null; code=$?; rm /tmp/over; exit $code");
    }

    private static String host(Duration limit, String... words) throws IOException, InterruptedException {
        return finish(new ProcessBuilder(words).start(), limit, words[0]).ok().out();
    }

    private static Mike.Result finish(Process process, Duration limit, String what)
            throws IOException, InterruptedException {
        long start = System.nanoTime();
        process.getOutputStream().close();
        Mike.Drain out = new Mike.Drain(process.getInputStream());
        Mike.Drain err = new Mike.Drain(process.getErrorStream());
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(what + " did not end in " + limit + "\n" + out.text() + err.text());
        }
        Mike.Result result = new Mike.Result(process.exitValue(), out.text(), err.text(),
                Duration.ofNanos(System.nanoTime() - start));
        System.out.println("$ " + what.strip() + "  # " + result.code() + ", " + result.took().toMillis() / 100 / 10.0
                + " s");
        return result;
    }

    private void delete() throws IOException, InterruptedException {
        host(LIMIT, "rm", "-rf", "--one-file-system", root.toString());
    }

    @Override
    public void close() throws IOException {
        first.getOutputStream().close(); // its first process ends, and the kernel ends the others
        try {
            if (!first.waitFor(20, TimeUnit.SECONDS)) {
                first.destroyForcibly().waitFor();
            }
            delete();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
