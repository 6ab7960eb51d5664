package eu.mikelangelo.packages.debian;

import eu.mikelangelo.packages.debian.deb.DebFacts.Entry;
import eu.mikelangelo.packages.debian.deb.Elf;
import eu.mikelangelo.packages.debian.unit.Shell;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Brings programs into the tree with what runs them: a script's interpreter, the commands that a shell script calls.
 */
final class Programs {
    private static final List<String> PATH = List.of("/usr/sbin", "/usr/bin");
    private static final int MAX_DEPTH = 6;
    /** Where Debian keeps the commands of scripts, besides packages that are called like the command. */
    private static final Map<String, String> HOMES = Map.of(
            "coreutils", "[ arch b2sum base32 base64 basename cat chgrp chmod chown cksum comm cp csplit cut date dd "
            + "df dir "
                    + "dirname du env expand expr factor false fmt fold groups head hostid id install join link ln "
                    + "logname "
                    + "ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc od paste pathchk printenv printf "
                    + "ptx pwd readlink realpath rm rmdir seq sha1sum sha256sum sha512sum shred shuf sleep sort "
                    + "split stat "
                    + "stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort tty uname "
                    + "unexpand uniq unlink users wc who whoami yes",
            "util-linux", "flock getopt ionice ipcrm ipcs logger mountpoint more nsenter prlimit rev runuser setarch "
            + "setpriv "
                    + "setsid taskset unshare uuidgen blkid su",
            "findutils", "find xargs", "debianutils", "run-parts tempfile which savelog", "gzip",
            "gzip gunzip zcat zgrep", "grep", "grep egrep fgrep", "diffutils", "cmp diff diff3 sdiff", "hostname",
            "hostname domainname dnsdomainname", "mawk", "awk mawk", "libc-bin", "getent locale ldconfig iconv");
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

    private void shellText(String text, int depth) {
        Shell.Script script = Shell.read(text, Map.of(), path -> null);
        for (List<String> command : script.commands()) {
            int at = 0;
            while (at < command.size() - 1 && command.get(at).matches("exec|command|env|nice|nohup|eval|-[a-z-]*|"
                    + "[A-Z_]+=.*")) {
                at++;
            }
            String word = command.get(at);
            if (word.matches("\\.|source") && at + 1 < command.size()) {
                String sourced = maker.include(command.get(at + 1));
                if (sourced != null && done.add(sourced)) {
                    shellText(String.valueOf(maker.text(sourced)), depth + 1);
                }
            } else if (word.matches("[A-Za-z0-9_.+/\\[-]{1,200}") && !BUILTINS.contains(word)
                    && !script.functions().contains(word) && depth < MAX_DEPTH) {
                program(word, depth + 1);
            }
            for (String argument : command.subList(Math.min(at + 1, command.size()), command.size())) {
                if (argument.matches("/(usr/)?(s?bin|lib)/[A-Za-z0-9_.+/-]+") && depth < MAX_DEPTH
                        && maker.find(argument) instanceof Entry e && e.executable()) {
                    program(argument, depth + 1);
                }
            }
        }
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
        }
    }

    private static boolean ofInterpreter(Entry entry) {
        return !entry.path().matches("/usr/lib/python3[^/]*/(test|idlelib|tkinter|turtledemo|ensurepip)/.*"
                + "|/usr/share/(python3/debpython|binfmts)/.*|/etc/(init\\.d|cron.*|logrotate.d)/.*|"
                + "/usr/lib/systemd/.*");
    }
}
