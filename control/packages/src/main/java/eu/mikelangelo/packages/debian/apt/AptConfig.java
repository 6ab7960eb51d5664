package eu.mikelangelo.packages.debian.apt;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which archives we use and how we reach them: the host's own apt configuration, read and never changed, or the file
 * that {@code MIKE_APT_SOURCES} names.
 *
 * @param sources      in the order of the files
 * @param architecture Debian's name of it: {@code amd64}
 * @param proxies      scheme ("http", "https") to proxy address; absent means direct
 * @param directHosts  hosts that are reached without a proxy (from no_proxy and apt's {@code ::Proxy::HOST "DIRECT"})
 * @param checkDate    whether a Release file from the future is refused
 * @param notes        what of the configuration could not be used
 */
public record AptConfig(List<AptSource> sources, String architecture, Map<String, URI> proxies,
                        List<String> directHosts, boolean checkDate, List<String> notes) {
    /** A sources file is a few lines; more than this is something else. */
    private static final long MAX_FILE = 1 << 20;

    /** For tests and embedding: these sources, no proxy. */
    public static AptConfig of(List<AptSource> sources) {
        return new AptConfig(List.copyOf(sources), "amd64", Map.of(), List.of(), true, List.of());
    }

    /** The configuration of this host. @throws Failure BAD_INPUT when MIKE_APT_SOURCES cannot be read */
    public static AptConfig host(Map<String, String> env) {
        return read(Path.of("/"), env);
    }

    /** The same with another root folder. */
    public static AptConfig read(Path root, Map<String, String> env) {
        List<String> notes = new ArrayList<>();
        AptSettings settings = new AptSettings();
        for (Path file : files(root.resolve("etc/apt/apt.conf.d"), "[A-Za-z0-9_-]+(\\.conf)?", notes)) {
            settings.add(text(file, notes));
        }
        Path main = root.resolve("etc/apt/apt.conf");
        if (Files.isRegularFile(main)) {
            settings.add(text(main, notes));
        }
        String architecture = settings.get("APT::Architecture", "amd64");
        SourcesFile reader = new SourcesFile(architecture, root, defaultKeys(root, notes),
                settings.yes("Acquire::Check-Valid-Until", true), notes);
        String own = env.getOrDefault("MIKE_APT_SOURCES", "");
        if (!own.isEmpty()) {
            reader.add(own, ownText(Path.of(own)));
        } else {
            Path list = root.resolve("etc/apt/sources.list");
            if (Files.isRegularFile(list)) {
                reader.add(list.toString(), text(list, notes));
            }
            for (Path file : files(root.resolve("etc/apt/sources.list.d"), "[A-Za-z0-9_.-]+\\.(list|sources)", notes)) {
                reader.add(file.toString(), text(file, notes));
            }
        }
        Map<String, URI> proxies = new TreeMap<>();
        List<String> direct = new ArrayList<>();
        proxies(settings, env, proxies, direct);
        for (AptSource source : reader.sources()) {
            String host = source.uri().startsWith("file:") ? null : URI.create(source.uri()).getHost();
            if (host != null && settings.get("Acquire::http::Proxy::" + host, "").equalsIgnoreCase("DIRECT")) {
                direct.add(host);
            }
        }
        return new AptConfig(List.copyOf(reader.sources()), architecture, Map.copyOf(proxies), List.copyOf(direct),
                settings.yes("Acquire::Check-Date", true), List.copyOf(notes));
    }

    private static void proxies(AptSettings settings, Map<String, String> env, Map<String, URI> proxies,
                                List<String> direct) {
        for (String scheme : List.of("http", "https")) {
            String value = settings.get("Acquire::" + scheme + "::Proxy",
                    env.getOrDefault(scheme + "_proxy", env.getOrDefault(scheme.toUpperCase(Locale.ROOT) + "_PROXY",
                    "")));
            if (scheme.equals("https") && value.isEmpty()) {
                value = settings.get("Acquire::http::Proxy", "");
            }
            if (value.matches("http://[^/\\s]+/?")) {
                proxies.put(scheme, URI.create(value));
            }
        }
        for (String host : env.getOrDefault("no_proxy", env.getOrDefault("NO_PROXY", "")).split(",")) {
            if (!host.isBlank()) {
                direct.add(host.strip().replaceFirst("^\\*?\\.", "."));
            }
        }
    }

    private static List<Path> defaultKeys(Path root, List<String> notes) {
        List<Path> keys = new ArrayList<>(files(root.resolve("etc/apt/trusted.gpg.d"), ".+\\.(gpg|asc)", notes));
        keys.addAll(files(root.resolve("usr/share/keyrings"), ".*archive-keyring\\.(gpg|asc|pgp)", notes));
        return List.copyOf(keys);
    }

    private static List<Path> files(Path folder, String pattern, List<String> notes) {
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
                for (Path file : stream) {
                    if (file.getFileName().toString().matches(pattern)) {
                        found.add(file);
                    }
                }
            } catch (IOException e) {
                notes.add("cannot list " + folder + ": " + e.getMessage());
            }
        }
        found.sort(null);
        return found;
    }

    private static String text(Path file, List<String> notes) {
        try {
            if (Files.size(file) <= MAX_FILE) {
                return Files.readString(file, StandardCharsets.ISO_8859_1);
            }
            notes.add(file + " is larger than " + MAX_FILE + " bytes and was skipped");
        } catch (IOException e) {
            notes.add("cannot read " + file + ": " + e.getMessage());
        }
        return "";
    }

    private static String ownText(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new Failure(Failure.Kind.BAD_INPUT, "cannot read " + file + ", which MIKE_APT_SOURCES names: "
                    + e.getMessage(), "It must be a file in the format of sources.list(5).", e);
        }
    }
}
