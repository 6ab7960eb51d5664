package eu.mikelangelo.packages.debian;

import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.debian.deb.DebFacts.Entry;
import eu.mikelangelo.packages.debian.deb.Elf;
import eu.mikelangelo.packages.debian.unit.Shell;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Brings programs into the tree with what runs them: a script's interpreter, the commands that a shell script calls.
 */
final class Programs {
    private static final List<String> PATH = List.of("/usr/sbin", "/usr/bin");
    private static final int MAX_DEPTH = 6;
    private static final List<String> COPYING = List.of("rm", "cp", "mv", "cat", "mkdir");
    private static final Pattern PROGRAM = Pattern.compile("/(usr/)?(s?bin|lib|libexec|share)/[A-Za-z0-9_.+/-]+");
    /** Where Debian keeps the commands of scripts, besides packages that are called like the command. */
    private static final Map<String, String> HOMES = Map.ofEntries(
            Map.entry("coreutils", "[ arch b2sum base32 base64 basename cat chgrp chmod chown cksum comm cp csplit cut "
                    + "date dd df dir dirname du env expand expr factor false fmt fold groups head "
                    + "hostid id install join "
                    + "link ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc od paste pathchk "
                    + "printenv printf ptx pwd readlink realpath rm rmdir seq sha1sum sha256sum sha512sum shred shuf "
                    + "sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate "
                    + "tsort tty uname unexpand uniq unlink users wc who whoami yes"),
            Map.entry("bsdutils", "logger renice script wall"),
            Map.entry("util-linux", "flock getopt ionice ipcrm ipcs mountpoint more nsenter prlimit rev runuser "
                    + "setarch setpriv setsid taskset unshare uuidgen blkid su"),
            Map.entry("findutils", "find xargs"), Map.entry("debianutils", "run-parts tempfile which savelog"),
            Map.entry("gzip", "gzip gunzip zcat zgrep"), Map.entry("grep", "grep egrep fgrep"),
            Map.entry("diffutils", "cmp diff diff3 sdiff"), Map.entry("hostname", "hostname domainname dnsdomainname"),
            Map.entry("mawk", "awk mawk"), Map.entry("libc-bin", "getent locale ldconfig iconv"),
            Map.entry("dpkg", "start-stop-daemon"), Map.entry("procps", "ps pgrep pkill sysctl kill"),
            Map.entry("sysvinit-utils", "pidof init-d-script"), Map.entry("perl-base", "perl"),
            Map.entry("iproute2", "ip ss"), Map.entry("passwd", "usermod useradd"));
    private static final Set<String> BUILTINS = Set.of("cd", "echo", "eval", "exec", "exit", "export", "read", "return",
            "set", "shift", "test", "[", "trap", "ulimit", "umask", "unset", "wait", "local", "readonly", "break",
            "continue",
            ":", ".", "source", "command", "type", "times", "getopts", "printf", "true", "false", "pwd", "kill",
            "declare",
            "typeset", "let", "shopt", "alias", "hash", "jobs", "bg", "fg", "case", "for", "esac");
    private final Universe universe;
    private final TreeMaker maker;
    private final Set<String> done = new HashSet<>();

    Programs(Universe universe, TreeMaker maker) {
        this.universe = universe;
        this.maker = maker;
    }

    /**
     * Brings a program: a path, or a name to be found in the usual folders.
     *
     * @return where it really lies, or null when no package of the closure has it
     */
    String program(String name) {
        return program(name, 0);
    }

    /** The words of a command line: the program, and each argument that is a program or script of the closure. */
    String command(List<String> words) {
        String program = program(words.getFirst());
        boolean shell = words.getFirst().matches("(.*/)?(sh|bash|dash)");
        if (shell && words.size() > 1 && words.get(1).startsWith("/etc/init.d/")) {
            initScript(words.get(1));
        }
        for (int i = 1; i < words.size(); i++) {
            String word = words.get(i);
            if (shell && words.get(i - 1).matches("-[a-z]*c")) {
                shellText(word, 0);
            } else if (word.startsWith("/") && maker.find(word) instanceof Entry entry && entry.executable()) {
                program(word);
            }
        }
        return program;
    }

    private String program(String name, int depth) {
        String path = locate(name);
        if (path == null) {
            return null;
        }
        String real = maker.include(path);
        if (real == null || !done.add(real) || depth > MAX_DEPTH) {
            return real;
        }
        Universe.Owned owned = universe.get(real);
        if (owned == null) {
            return real;
        }
        maker.used().add(owned.member());
        Entry entry = owned.entry();
        if (entry.elf() != null) {
            family(entry.name(), owned.member());
            elf(entry, owned.member(), depth);
        } else if (!entry.script().isEmpty()) {
            script(entry, depth);
        }
        return real;
    }

    private void elf(Entry entry, int member, int depth) {
        Elf elf = entry.elf();
        if (elf.shell()) {
            program("/bin/sh", depth + 1);
            // What C programs hand to system(3) is not worth a parser: nearly always files are copied or removed.
            if (entry.path().matches("/usr/(s?bin|libexec)/.*") && entry.elf().interp().startsWith("/")) {
                COPYING.forEach(command -> program(command, depth + 1));
            }
        }
        for (String name : elf.names()) {
            Entry named = name.startsWith("/") ? maker.find(name) : null;
            Universe.Owned owned = named == null ? null : universe.get(named.path());
            // Programs that its texts name come in from its own group or its direct dependencies, not from everywhere.
            if (owned != null && named.executable() && (owned.member() == member
                    || universe.member(member).requires().contains(owned.member())
                    || universe.member(member).entry().source().equals(universe.member(owned.member()).entry()
                    .source()))) {
                program(name, depth + 1);
            }
        }
    }

    private void script(Entry entry, int depth) {
        String[] words = entry.script().split("\\s+");
        String interpreter = words[0];
        if (interpreter.endsWith("/env")) {
            program(interpreter, depth + 1);
            for (int i = 1; i < words.length; i++) {
                if (!words[i].startsWith("-") && !words[i].contains("=")) {
                    interpreter = words[i];
                    break;
                }
            }
        }
        program(interpreter, depth + 1);
        if (interpreter.matches("(.*/)?(sh|bash|dash|ash|ksh)")) {
            shellText(universe.text(entry), depth);
        }
    }

    /** What an init script calls, reads and starts: also where it says so by variables. */
    private void initScript(String path) {
        String text = String.valueOf(maker.text(path));
        shellText(text, 0);
        Shell.Script script = Shell.read(text, Map.of("1", "start", "0", path),
                file -> file.startsWith("/etc/default/") ? maker.text(file) : null);
        script.commands().forEach(command -> command.forEach(this::named));
        script.variables().values().forEach(this::named);
        program("start-stop-daemon");
        // lsb's functions list their hooks and look for running processes.
        List.of("run-parts", "pidof", "cat", "rm", "mkdir", "chown").forEach(this::program);
    }

    private void named(String word) {
        if (word.matches("/(usr/)?(s?bin|lib|libexec)/[A-Za-z0-9_.+/-]+") && maker.find(word) instanceof Entry entry
                && entry.executable()) {
            program(word);
        }
    }

    /**
     * Scripts and programs that a package's configuration names, when they are its own or of what it depends on: a
     * server that reads the file would call them.
     */
    void configured(List<Integer> group) {
        for (Map.Entry<String, Tree.Node> node : List.copyOf(maker.tree().nodes().entrySet())) {
            Universe.Owned owned = universe.get(node.getKey());
            if (!node.getKey().startsWith("/etc/") || owned == null || !group.contains(owned.member())
                    || !(node.getValue() instanceof Tree.File file) || file.size() > 1 << 20 || owned.entry().elf()
                    != null) {
                continue;
            }
            for (String line : universe.text(file.sha256()).split("\n")) {
                if (!line.matches("\\s*([#;!]|//).*") && line.length() < 1000) {
                    configured(line, group);
                }
            }
        }
    }

    private void configured(String line, List<Integer> group) {
        Matcher matcher = PROGRAM.matcher(line);
        while (matcher.find()) {
            Entry entry = maker.find(matcher.group());
            Universe.Owned owned = entry == null ? null : universe.get(entry.path());
            if (owned != null && entry.executable() && (!entry.script().isEmpty() || entry.elf() != null)
                    && (group.contains(owned.member()) || group.stream().anyMatch(m -> universe.member(m).requires()
                    .contains(owned.member())))) {
                program(matcher.group());
            }
        }
    }

    /** The commands of a maintainer script, except those that {@link Maintainer} has stubs for. */
    void maintainer(String text) {
        if (!text.startsWith("#!")) {
            return;
        }
        String[] words = text.substring(2, text.indexOf('\n') < 0 ? text.length() : text.indexOf('\n')).strip()
                .split("\\s+");
        program(words[0]);
        if (words[0].matches("(.*/)?(sh|bash|dash)")) {
            shellText(text, 0, Maintainer.STUBS);
        }
    }

    private void shellText(String text, int depth) {
        shellText(text, depth, Set.of());
    }

    private void shellText(String text, int depth, Set<String> without) {
        Shell.Script script = Shell.read(text, Map.of(), path -> null);
        for (List<String> command : script.commands()) {
            int at = 0;
            while (at < command.size() - 1 && command.get(at).matches("exec|command|env|nice|nohup|eval|-[a-z-]*|"
                    + "[A-Z_]+=.*")) {
                at++;
            }
            String word = command.get(at);
            if (word.matches("\\.|source") && at + 1 < command.size()) {
                String sourced = sourced(command.get(at + 1));
                if (sourced != null && done.add(sourced)) {
                    shellText(String.valueOf(maker.text(sourced)), depth + 1);
                }
            } else if (word.matches("[A-Za-z0-9_.+/\\[-]{1,200}") && !BUILTINS.contains(word)
                    && !without.contains(word)
                    && !script.functions().contains(word) && depth < MAX_DEPTH) {
                program(word, depth + 1);
            }
            boolean shell = false;
            for (int i = at + 1; i < command.size(); i++) {
                String argument = command.get(i);
                shell |= command.get(i - 1).matches("(.*/)?(sh|bash|dash|su|runuser)");
                if (shell && command.get(i - 1).matches("-[a-z]*c|--command") && depth < MAX_DEPTH) {
                    shellText(argument, depth + 1, without);
                }
                if (argument.matches("/(usr/)?(s?bin|lib)/[A-Za-z0-9_.+/-]+") && depth < MAX_DEPTH
                        && maker.find(argument) instanceof Entry e && e.executable()) {
                    program(argument, depth + 1);
                }
            }
        }
    }

    /** Brings a file that a shell script reads; init scripts read those of sysvinit-utils, which nothing names. */
    private String sourced(String path) {
        if (path.matches("/(usr/)?lib/(lsb|init)/.+")) {
            universe.load(positions("sysvinit-utils", "lsb-base"));
        }
        return maker.include(path);
    }

    private List<Integer> positions(String... names) {
        List<Integer> found = new ArrayList<>();
        for (String name : names) {
            Integer position = universe.closure().positions().get(name);
            if (position != null) {
                found.add(position);
            }
        }
        return found;
    }

    /** Where a program is, loading the package that usually has it when none of the loaded ones does. */
    private String locate(String name) {
        if (name.contains("/")) {
            if (!name.startsWith("/")) {
                return null;
            }
            if (maker.find(name) == null) {
                load(name.substring(name.lastIndexOf('/') + 1));
            }
            return maker.find(name) == null && maker.tree().get(name) == null ? null : name;
        }
        for (int stage = 0; stage < 2; stage++) {
            for (String folder : PATH) {
                if (maker.find(folder + "/" + name) != null) {
                    return folder + "/" + name;
                }
            }
            if (stage == 0) {
                load(name);
            }
        }
        return null;
    }

    private void load(String command) {
        String base = command.equals("sh") ? "dash" : command;
        List<Integer> members = new ArrayList<>();
        for (int m = 0; m < universe.closure().members().size(); m++) {
            String name = universe.name(m);
            String home = HOMES.getOrDefault(name, "");
            if (name.equals(base) || name.equals(base + "-minimal") || name.equals(base + "-base")
                    || (" " + home + " ").contains(" " + base + " ") || base.equals("awk") && name.matches("[mg]awk")
                    || base.matches("python[0-9.]*") && name.matches("python3(\\.[0-9]+)?(-minimal)?")
                    || base.matches("node|nodejs") && name.equals("nodejs")
                    || base.equals("java") && name.matches("openjdk-.*-jre-headless|default-jre-headless")
                    || base.startsWith("ruby") && name.matches("ruby[0-9.]*")) {
                members.add(m);
            }
        }
        universe.load(members);
    }

    /** An interpreter is useless without its library: it comes in whole, with the modules that the closure has. */
    private void family(String name, int member) {
        String modules;
        String core;
        if (name.matches("python3(\\.[0-9]+)?")) {
            core = "(lib)?python3(\\.[0-9]+)?(-minimal|-stdlib|-distutils|-lib2to3)?|media-types";
            modules = "python3-.*";
        } else if (name.matches("perl(5.*)?")) {
            core = "perl-base|perl-modules-.*|libperl5.*|perl";
            modules = "lib.*-perl";
        } else if (name.matches("ruby([0-9.]+)?")) {
            core = "ruby[0-9.]*|libruby[0-9.]*|rubygems-integration";
            modules = "ruby-.*";
        } else if (name.matches("node(js)?")) {
            core = "nodejs|libnode.*|node-.*";
            modules = "node-.*";
        } else if (name.equals("java")) {
            core = "openjdk-.*-jre-headless|ca-certificates-java|java-common";
            modules = "lib.*-java";
        } else if (name.matches("(tclsh|wish|lua|guile|php)[0-9.]*")) {
            core = "(lib)?(tcl|tk|lua|guile|php).*";
            modules = core;
        } else {
            return;
        }
        List<Integer> members = new ArrayList<>(List.of(member));
        boolean perl = universe.closure().positions().containsKey("perl")
                && !universe.closure().member("perl").essential();
        for (int m = 0; m < universe.closure().members().size(); m++) {
            String candidate = universe.name(m);
            boolean asked = !universe.member(m).essential();
            if (candidate.matches(core) && (asked || candidate.equals("perl-base"))
                    && (perl || !candidate.matches("perl-modules-.*|libperl5.*|perl"))
                    || asked && candidate.matches(modules)) {
                members.add(m);
            }
        }
        universe.load(members);
        for (int m : members) {
            maker.whole(m, Programs::ofInterpreter);
            // A module may read the data of the package it is made for (libdpkg-perl those of dpkg).
            for (int required : universe.member(m).requires()) {
                String data = "/usr/share/" + universe.name(required) + "/";
                if (universe.name(m).matches(modules) && !universe.name(required).matches(core)) {
                    maker.whole(required, entry -> entry.path().startsWith(data));
                }
            }
        }
    }

    private static boolean ofInterpreter(Entry entry) {
        return !entry.path().matches("/usr/lib/python3[^/]*/(test|idlelib|tkinter|turtledemo|ensurepip)/.*"
                + "|/usr/share/(python3/debpython|binfmts)/.*|/etc/(init\\.d|cron.*|logrotate.d)/.*|"
                + "/usr/lib/systemd/.*");
    }
}
