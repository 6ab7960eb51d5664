package eu.mikelangelo.tidy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The hosts that this machine's package managers are configured with. */
final class HostNames {
    private static final Pattern URL = Pattern.compile("https?://([^/\\s<>\"']+)");
    /** Names that every Maven file must contain (schemas) or that any page may cite. */
    private static final Set<String> PUBLIC = Set.of("maven.apache.org", "www.w3.org", "github.com", "www.apache.org");

    private HostNames() { }

    static Set<String> ofPackageManagers() throws IOException {
        Set<String> hosts = new TreeSet<>();
        Path home = Path.of(System.getProperty("user.home"));
        try (Stream<Path> lists = Files.isDirectory(Path.of("/etc/apt/sources.list.d"))
                ? Files.list(Path.of("/etc/apt/sources.list.d")) : Stream.empty()) {
            Stream.concat(lists, Stream.of(Path.of("/etc/apt/sources.list"), home.resolve(".m2/settings.xml"),
                    home.resolve(".npmrc"))).filter(Files::isRegularFile).forEach(file -> collect(file, hosts));
        }
        hosts.removeAll(PUBLIC);
        return hosts;
    }

    private static void collect(Path file, Set<String> hosts) {
        try {
            Matcher matcher = URL.matcher(Files.readString(file, StandardCharsets.UTF_8));
            while (matcher.find()) {
                hosts.add(matcher.group(1));
            }
        } catch (IOException e) {
            // An unreadable list names no host we could have copied.
        }
    }
}
