package eu.mikelangelo.packages.debian;

import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.debian.Universe.Owned;
import eu.mikelangelo.packages.debian.deb.DebFacts.Entry;
import eu.mikelangelo.packages.debian.deb.Unpacker;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Builds the tree out of the universe: follows links, and for each ELF file that comes in brings the libraries it needs
 * and what these libraries bring with them. For one thread.
 */
final class TreeMaker {
    static final List<String> LIBRARY_FOLDERS = List.of("/usr/lib/x86_64-linux-gnu", "/usr/lib", "/usr/lib64");
    /** A library's package larger than this is downloaded only when nothing smaller has what is looked for. */
    static final long LARGE = 8L << 20;
    private static final int MAX_LINKS = 40;
    private static final long MAX_DATA = 16L << 20;
    private final Universe universe;
    private final Tree tree = new Tree();
    private final List<Pattern> drop;
    private final Deque<Owned> queue = new ArrayDeque<>();
    private final Set<String> seen = new HashSet<>();
    private final Set<Integer> used = new HashSet<>();
    private final Map<String, String> missing = new LinkedHashMap<>();

    TreeMaker(Universe universe, List<String> drop) {
        this.universe = universe;
        this.drop = drop.stream().map(TreeMaker::glob).toList();
    }

    Tree tree() {
        return tree;
    }

    /** "library of file" to explanation, for what no package has. */
    Map<String, String> missing() {
        return missing;
    }

    /** A path pattern: {@code *} within a folder, {@code **} across folders. */
    static Pattern glob(String glob) {
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < glob.length(); i++) {
            char c = glob.charAt(i);
            if (c == '*' && glob.startsWith("**", i)) {
                regex.append(".*");
                i++;
            } else {
                regex.append(c == '*' ? "[^/]*" : c == '?' ? "[^/]" : Pattern.quote(String.valueOf(c)));
            }
        }
        return Pattern.compile(regex.toString());
    }

    /** Whether a package counts as used: its users and folders are then made. */
    Set<Integer> used() {
        return used;
    }

    /** Adds all files of a member that the filter lets through. */
    void whole(int member, Predicate<Entry> filter) {
        used.add(member);
        for (Entry entry : universe.facts(member).entries()) {
            if (filter.test(entry) && !dropped(entry.path())) {
                put(new Owned(entry, member));
            }
        }
    }

    /** Whether the recipe does not want a path; what a wanted program needs comes all the same. */
    boolean dropped(String path) {
        return drop.stream().anyMatch(p -> p.matcher(path).matches());
    }

    private boolean put(Owned owned) {
        Entry e = owned.entry();
        if (e.kind() == 'x') {
            return false;
        }
        if (e.kind() != 'd' || tree.get(e.path()) == null) {
            tree.put(e.path(), switch (e.kind()) {
                case 'd' -> new Tree.Folder(e.mode(), e.uid(), e.gid());
                case 'l' -> new Tree.Link(e.digest(), e.uid(), e.gid());
                default -> new Tree.File(e.mode(), e.uid(), e.gid(), e.digest(), e.size());
            });
        }
        if (e.elf() != null && seen.add(e.path())) {
            queue.add(owned);
        }
        return true;
    }

    /**
     * Brings a path into the tree with every link on the way.
     *
     * @return the path at which it really lies, or null when no loaded package has it
     */
    String include(String path) {
        String at = normal(path);
        for (int hop = 0; hop < MAX_LINKS && at != null; hop++) {
            String next = follow(at, true);
            if (next == null) {
                Owned owned = universe.get(at);
                if (owned != null && put(owned)) {
                    return at;
                }
                return tree.get(at) == null ? null : at;
            }
            at = normal(next);
        }
        return null;
    }

    /** Where a path really lies, without bringing anything in; it may not exist there. */
    String real(String path) {
        String at = normal(path);
        for (int hop = 0; hop < MAX_LINKS && at != null; hop++) {
            String next = follow(at, false);
            if (next == null) {
                return at;
            }
            at = normal(next);
        }
        return at;
    }

    /** Whether a file is in the tree or in a loaded package. */
    Entry find(String path) {
        String at = real(path);
        Owned owned = at == null ? null : universe.get(at);
        return owned == null ? null : owned.entry();
    }

    /** The text of a file of the tree, else of a loaded package; null when there is none. */
    String text(String path) {
        String at = real(path);
        if (at != null && tree.get(at) instanceof Tree.File file && file.size() < 1 << 20) {
            return universe.text(file.sha256());
        }
        Owned owned = at == null ? null : universe.get(at);
        return owned == null || !owned.entry().file() ? null : universe.text(owned.entry());
    }

    /** The path after the first link on it is replaced; null when there is none. */
    private String follow(String path, boolean bring) {
        for (int end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
            String prefix = end < 0 ? path : path.substring(0, end);
            String target = link(prefix);
            if (target != null) {
                if (bring) {
                    Owned owned = universe.get(prefix);
                    if (owned == null || owned.entry().kind() != 'l' || !put(owned)) {
                        tree.put(prefix, new Tree.Link(target, 0, 0));
                    }
                }
                String base = target.startsWith("/") ? target : prefix.substring(0, prefix.lastIndexOf('/')) + "/"
                        + target;
                return base + (end < 0 ? "" : path.substring(end));
            }
            if (end < 0) {
                return null;
            }
        }
    }

    private String link(String path) {
        if (tree.get(path) instanceof Tree.Link link) {
            return link.target();
        }
        Owned owned = universe.get(path);
        if (owned != null && owned.entry().kind() == 'l') {
            return owned.entry().digest();
        }
        if (owned == null && tree.get(path) == null) {
            return path.equals("/var/run") ? "/run" : path.equals("/var/lock") ? "/run/lock"
                    : universe.alternative(path);
        }
        return null;
    }

    /** Absolute, without "." and "..", after the usr-merge; null when it leaves the tree or is no path. */
    static String normal(String path) {
        if (!path.startsWith("/") || path.indexOf('\0') >= 0) {
            return null;
        }
        List<String> parts = new ArrayList<>();
        for (String part : path.split("/")) {
            if (part.equals("..")) {
                if (!parts.isEmpty()) {
                    parts.removeLast();
                }
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return Unpacker.merged("/" + String.join("/", parts));
    }

    /** Brings the libraries of all ELF files that came in, until nothing is missing. */
    void libraries() {
        for (Owned owned = queue.poll(); owned != null; owned = queue.poll()) {
            Entry entry = owned.entry();
            if (!entry.elf().interp().isEmpty()) {
                library(entry.elf().interp().replaceFirst(".*/", ""), owned);
                include(entry.elf().interp());
            }
            for (String soname : entry.elf().needed()) {
                if (library(soname, owned) == null) {
                    missing.put(soname + " of " + entry.path(), universe.name(owned.member()));
                }
            }
            for (String name : entry.elf().names()) {
                if (name.startsWith("lib") && name.contains(".so.") && !name.startsWith("libnss_")) {
                    loadedLibrary(name, owned);
                }
            }
        }
    }

    /** A library that is opened by name at run time comes in when its package is one that the opener depends on. */
    private void loadedLibrary(String soname, Owned by) {
        for (Owned found : universe.named(soname)) {
            String folder = found.entry().path().substring(0, found.entry().path().lastIndexOf('/'));
            if (LIBRARY_FOLDERS.contains(folder) && (found.member() == by.member()
                    || universe.member(by.member()).requires().contains(found.member()))) {
                bring(found);
                return;
            }
        }
    }

    private String library(String soname, Owned by) {
        String origin = by.entry().path().substring(0, by.entry().path().lastIndexOf('/'));
        for (String runpath : by.entry().elf().runpath()) {
            String folder = runpath.replace("$ORIGIN", origin).replace("${ORIGIN}", origin)
                    .replace("$LIB", "lib/x86_64-linux-gnu");
            String path = at(folder + "/" + soname);
            if (path != null) {
                return path;
            }
        }
        if (soname.contains("/")) {
            return at(soname);
        }
        for (int stage = 0; stage < 4; stage++) {
            for (String folder : LIBRARY_FOLDERS) {
                String path = at(folder + "/" + soname);
                if (path != null) {
                    return path;
                }
            }
            more(stage, soname, by);
        }
        return elsewhere(soname);
    }

    private String at(String path) {
        String real = real(path);
        Owned owned = real == null ? null : universe.get(real);
        if (owned == null || !owned.entry().file()) {
            return null;
        }
        Owned named = universe.get(normal(path));
        include(path);
        bring(owned);
        if (named != null) {
            use(named.member());
        }
        return real;
    }

    private void bring(Owned owned) {
        include(owned.entry().path());
        use(owned.member());
    }

    /** Loads more packages in which the library may be: what the file's own package depends on comes first. */
    private void more(int stage, String soname, Owned by) {
        List<Integer> requires = universe.member(by.member()).requires();
        String guess = guess(soname);
        universe.load(switch (stage) {
            case 0 -> requires.stream().filter(m -> universe.name(m).replaceFirst("t64$", "").equals(guess)).toList();
            case 1 -> requires.stream().filter(m -> universe.member(m).entry().section().endsWith("libs")
                    && universe.member(m).entry().size() <= LARGE).toList();
            case 2 -> {
                List<Integer> all = new ArrayList<>();
                for (int m = 0; m < universe.closure().members().size(); m++) {
                    if (universe.name(m).startsWith(guess) || universe.member(m).entry().section().endsWith("libs")) {
                        all.add(m);
                    }
                }
                yield all;
            }
            default -> List.of();
        });
    }

    /** Debian Policy 8.1: libfoo.so.1 is in libfoo1, libfoo2.so.1 in libfoo2-1. */
    static String guess(String soname) {
        String plain = soname.toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        int so = plain.indexOf(".so");
        if (so < 0) {
            return plain;
        }
        String stem = plain.substring(0, so);
        String version = plain.substring(so + 3).replaceFirst("^\\.", "");
        boolean dash = !version.isEmpty() && Character.isDigit(stem.charAt(stem.length() - 1));
        return stem + (dash ? "-" : "") + version;
    }

    /** In a private folder (as ld.so.conf.d would say): we put a link into the default folder instead. */
    private String elsewhere(String soname) {
        for (Owned found : universe.named(soname)) {
            if (found.entry().path().startsWith("/usr/lib/")) {
                bring(found);
                String link = LIBRARY_FOLDERS.getFirst() + "/" + soname;
                if (tree.get(link) == null) {
                    tree.put(link, new Tree.Link(found.entry().path(), 0, 0));
                }
                return found.entry().path();
            }
        }
        return null;
    }

    /** The first time something of a library's package comes in: its data and plug-ins come too, except libc's. */
    private void use(int member) {
        if (!used.add(member)) {
            return;
        }
        List<Entry> entries = universe.facts(member).entries();
        boolean libc = entries.stream().anyMatch(e -> e.name().startsWith("ld-linux"));
        if (libc) {
            List<Integer> gcc = universe.member(member).requires().stream()
                    .filter(m -> universe.name(m).startsWith("libgcc")).toList();
            universe.load(gcc);
            // pthread_exit and cancellation open it by name.
            include("/usr/lib/x86_64-linux-gnu/libgcc_s.so.1");
            return;
        }
        boolean small = entries.stream().mapToLong(Entry::size).sum() <= MAX_DATA;
        for (Entry entry : entries) {
            if (small && entry.kind() != 'd' && data(entry) && !dropped(entry.path())) {
                put(new Owned(entry, member));
            }
        }
        List<Integer> companions = universe.member(member).requires().stream().filter(m -> universe.name(m).matches(
                "lib.*(modules|plugin|data|common|-db|-bin0).*|.*-(data|common|db|mgc|modules|config)")
                && !universe.name(m).startsWith("libc-")).toList();
        universe.load(companions);
        for (int companion : companions) {
            if (dataOnly(companion)) {
                use(companion);
            }
        }
    }

    /** Files that a library opens by itself: no programs, no other library of the default folders. */
    private static boolean data(Entry entry) {
        String path = entry.path();
        String folder = path.substring(0, path.lastIndexOf('/'));
        return !path.matches("/usr/s?bin/.*|/etc/(init\\.d|cron.*|logrotate.d|ld\\.so\\.conf\\.d)/.*|"
                + "/usr/lib/systemd/.*"
                + "|/usr/lib/x86_64-linux-gnu/(gconv|engines-[^/]*|perl[^/]*|audit|pkgconfig|cmake)/.*|.*/legacy\\.so"
                + "|/usr/share/(gdb|bash-completion|pkgconfig|aclocal|apport|polkit-1|perl5|gir-1.0|"
                + "glib-2.0/codegen)/.*"
                + "|/usr/lib/(udev|tmpfiles.d|sysusers.d|python3)/.*")
                && !(LIBRARY_FOLDERS.contains(folder) && entry.name().contains(".so"));
    }

    /** Whether a package has neither programs nor libraries in the default folders. */
    boolean dataOnly(int member) {
        long size = 0;
        for (Entry entry : universe.facts(member).entries()) {
            String path = entry.path();
            size += entry.kind() == 'f' ? entry.size() : 0;
            boolean library = entry.elf() != null
                    && LIBRARY_FOLDERS.contains(path.substring(0, path.lastIndexOf('/')));
            if (path.matches("/usr/s?bin/.+|/usr/games/.+") || library || size > MAX_DATA) {
                return false;
            }
        }
        return true;
    }
}
