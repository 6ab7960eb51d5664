package eu.mikelangelo.packages.debian;

import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.debian.unit.Shell;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Maintainer scripts that do more than {@link Furnisher} can do to a tree (keys and secrets, configuration made with
 * sed, answers of debconf, a first database) run inside the machine before the application starts: there they can
 * harm nothing but the machine itself. Commands that administer a system are stubs, debconf's questions are answered
 * with the templates' defaults; the scripts of ours are resources in the folder {@code maintainer}.
 */
final class Maintainer {
    private static final String HERE = "/usr/lib/mikelangelo/maintainer";
    private static final int MAX_SCRIPTS = 16;
    /** What stubs stand for; a script's other commands come into the tree. */
    static final Set<String> STUBS = Set.of(("adduser addgroup deluser delgroup useradd userdel groupadd groupdel "
            + "usermod groupmod gpasswd chage passwd chsh dpkg dpkg-query dpkg-statoverride dpkg-maintscript-helper "
            + "dpkg-trigger dpkg-divert update-alternatives update-rc.d invoke-rc.d service systemctl "
            + "deb-systemd-helper deb-systemd-invoke systemd-tmpfiles systemd-sysusers ucf ucfr ucfq "
            + "update-inetd update-menus ldconfig "
            + "restorecon udevadm update-initramfs update-ca-certificates install-info py3compile py3clean pycompile "
            + "pyclean getent su runuser which hostname make-ssl-cert pidof pgrep pkill killall nc curl wget mail "
            + "sendmail setcap apparmor_parser aa-status phpenmod "
            + "a2enmod a2enconf a2ensite a2dismod a2disconf a2dissite a2query "
            + "debconf-communicate pam-auth-update").split(" "));
    /** What Furnisher does itself, and what leaves no trace that a new machine would miss. */
    private static final Set<String> DONE = Set.of(("adduser addgroup useradd groupadd usermod gpasswd chown chgrp "
            + "chmod mkdir install ucf ln dpkg-statoverride update-alternatives test [ echo set exit return true "
            + "false : getent dpkg dpkg-query dpkg-maintscript-helper dpkg-trigger dpkg-divert deb-systemd-helper "
            + "deb-systemd-invoke invoke-rc.d update-rc.d service systemctl systemd-tmpfiles systemd-sysusers rm rmdir "
            + "mv command which restorecon shift local export unset umask id grep db_stop db_version db_purge ucfr "
            + "update-inetd ldconfig py3compile pycompile udevadm apparmor_parser update-menus printf cd . "
            + "deluser delgroup userdel groupdel groupmod stat hostname uname cut break continue eval trap setcap "
            + "start_failed update-initramfs install-info killall pidof find").split(" "));
    private static final Pattern WRITES = Pattern.compile("(?<![0-9&>])>{1,2}\\|?\\s*"
            + "(?!\\s*(/dev/null|&|\"?/dev/stderr))[\"$/A-Za-z]");
    private final Universe universe;
    private final Programs programs;
    private final Furnisher furnisher;
    private final TreeMaker maker;
    private final List<Integer> members = new ArrayList<>();
    private final List<Integer> left = new ArrayList<>();
    private Switches switches = new Switches(Set.of());

    Maintainer(Universe universe, Programs programs, Furnisher furnisher, TreeMaker maker) {
        this.universe = universe;
        this.programs = programs;
        this.furnisher = furnisher;
        this.maker = maker;
    }

    /**
     * Chooses the members whose scripts need a run. Their limit spares the candidates named first.
     *
     * @param candidates in a closure's order, a package before what it depends on
     * @return the chosen ones, in the order of their run: the other way round
     */
    List<Integer> choose(Collection<Integer> candidates) {
        for (int member : candidates) {
            if (beyond(universe.facts(member).scripts().getOrDefault("postinst", ""))) {
                (members.size() < MAX_SCRIPTS ? members : left).add(member);
            }
        }
        Collections.reverse(members);
        return List.copyOf(members);
    }

    /** Adds the run of the chosen members' scripts to the plan. @return whether there is any */
    boolean plan(Plan plan) {
        if (members.isEmpty()) {
            return false;
        }
        if (!left.isEmpty()) {
            plan.warnings.add("more than " + MAX_SCRIPTS + " packages want to be set up in the machine; left out: "
                    + String.join(", ", left.stream().map(universe::name).toList()));
        }
        List<String> words = new ArrayList<>(List.of("/bin/sh", HERE + "/run"));
        for (int member : members) {
            words.add(universe.name(member));
            for (String kind : List.of("config", "postinst")) {
                programs.maintainer(universe.facts(member).scripts().getOrDefault(kind, ""));
            }
        }
        // What run and the stubs call; openssl is in the closure of who wants a certificate.
        for (String command : List.of("/bin/sh", "timeout", "tail", "sed", "cat", "mkdir", "cp", "grep", "sort", "head",
                "chown", "chmod", "chgrp", "id", "env", "ln", "rm", "setpriv", "openssl")) {
            programs.program(command);
        }
        maker.include("/usr/lib/ssl/openssl.cnf");
        plan.pre.addFirst(new Plan.Before(words, true, ""));
        return true;
    }

    /** Writes the scripts, the stubs and the answers into the tree; call when owners have numbers. */
    void write() {
        if (members.isEmpty()) {
            return;
        }
        // Folders that every Debian system has.
        for (String folder : List.of("/etc/default", "/etc/init.d", "/etc/ssl/certs", "/etc/ssl/private",
                "/var/backups", "/var/mail", "/var/lib/dpkg/info", "/var/lib/misc", "/usr/local/bin", "/usr/local/sbin",
                "/home", "/opt", "/srv", "/mnt")) {
            if (maker.tree().get(folder) == null) {
                maker.tree().put(folder, new Tree.Folder(0755, 0, 0));
            }
        }
        furnisher.write(HERE + "/run", resource("run.sh").replace("@SWITCH@", switches.pattern()), 0755, 0, 0);
        furnisher.write(HERE + "/stub", resource("stub.sh"), 0755, 0, 0);
        STUBS.forEach(name -> furnisher.link(HERE + "/bin/" + name, "../stub"));
        furnisher.write("/usr/share/debconf/confmodule", resource("confmodule.sh"), 0644, 0, 0);
        furnisher.link("/usr/share/debconf/confmodule.sh", "confmodule");
        StringBuilder answers = new StringBuilder();
        for (int member : members) {
            Map<String, String> scripts = universe.facts(member).scripts();
            answers.append(answers(scripts.getOrDefault("templates", "")));
            for (String kind : List.of("config", "postinst")) {
                String text = scripts.getOrDefault(kind, "");
                if (!text.isBlank()) {
                    furnisher.write("/var/lib/dpkg/info/" + universe.name(member) + "." + kind, text, 0755, 0, 0);
                }
            }
        }
        furnisher.write(HERE + "/answers", answers.toString(), 0644, 0, 0);
    }

    /** Whether a postinst, without debhelper's parts, does what Furnisher does not: other commands, written files. */
    static boolean beyond(String postinst) {
        String own = handwritten(postinst);
        if (own.isBlank()) {
            return false;
        }
        Shell.Script script = Shell.read(own, Map.of("1", "configure", "2", "", "DPKG_ROOT", ""));
        for (List<String> command : script.commands()) {
            String name = command.getFirst().replaceFirst(".*/", "");
            boolean unclear = name.matches("install|ucf") && command.stream().anyMatch(word ->
                    word.indexOf(Shell.UNKNOWN) >= 0 || word.startsWith("/proc/") || word.startsWith("/dev/"))
                    // A function's argument, which only a run knows.
                    || name.equals("mkdir") && !command.getLast().matches("/[^" + Shell.UNKNOWN + "]*");
            if (unclear || !DONE.contains(name) && !script.functions().contains(name)) {
                return true;
            }
        }
        return WRITES.matcher(own.replaceAll("(?m)^[ \\t]*#.*", "")).find() && script.commands().stream().anyMatch(c ->
                c.getFirst().matches("echo|printf|sed|cat"));
    }

    /** A script without what debhelper added; a section that does not end is no section. */
    private static String handwritten(String script) {
        StringBuilder own = new StringBuilder();
        StringBuilder section = new StringBuilder();
        for (String line : script.split("(?<=\n)")) {
            boolean begins = line.startsWith("# Automatically added by ");
            if (section.isEmpty() && !begins) {
                own.append(line);
            } else if (line.startsWith("# End automatically added section")) {
                section.setLength(0);
            } else {
                section.append(line);
            }
        }
        return own.append(section).toString();
    }

    /** Lines {@code QUESTION DEFAULT} of a package's debconf templates (debconf-devel(7)). */
    static String answers(String templates) {
        StringBuilder lines = new StringBuilder();
        String question = "";
        String value = "";
        // The blank line behind the text ends its last stanza.
        for (String line : (templates + "\n\n").split("\n", -1)) {
            if (line.startsWith("Template:")) {
                question = line.substring("Template:".length()).strip();
                value = "";
            } else if (line.startsWith("Default:")) {
                value = line.substring("Default:".length()).strip();
            } else if (line.isBlank() && !question.isEmpty()) {
                lines.append(question).append(' ').append(value).append('\n');
                question = "";
            }
        }
        return lines.toString();
    }

    /** Lets the members' configuration in the tree start the server, and listen where it can be reached. */
    List<String> settle(List<Integer> group) {
        switches = new Switches(daemons(group));
        List<String> changed = new ArrayList<>();
        for (Map.Entry<String, Tree.Node> node : List.copyOf(maker.tree().nodes().entrySet())) {
            Universe.Owned owned = universe.get(node.getKey());
            if (!node.getKey().startsWith("/etc/") || !(node.getValue() instanceof Tree.File file)
                    || owned != null && !group.contains(owned.member()) || file.size() > Universe.MAX_TEXT) {
                continue;
            }
            // Every byte is a character: what is not UTF-8 stays what it is.
            String text = universe.text(file.sha256(), StandardCharsets.ISO_8859_1);
            String on = node.getKey().startsWith("/etc/default/") ? switches.on(text) : text;
            String open = on.startsWith("#!") ? on : Loopback.open(on);
            if (!open.equals(text)) {
                furnisher.write(node.getKey(), open.getBytes(StandardCharsets.ISO_8859_1), file.mode(), file.uid(),
                        file.gid());
            }
            if (!on.equals(text)) {
                changed.add(node.getKey() + " said not to start the server; in this machine it says to");
            }
            if (!open.equals(on)) {
                changed.add(node.getKey() + " said to listen on the loopback only; in this machine it says 0.0.0.0");
            }
        }
        return changed;
    }

    /** What a switch may call the group's servers. */
    private Set<String> daemons(List<Integer> group) {
        Set<String> names = new TreeSet<>();
        for (int member : group) {
            names.add(universe.name(member));
            universe.facts(member).entries().stream().filter(entry -> entry.file()
                    && entry.path().matches("/etc/(default|init\\.d)/[^/]+")).forEach(entry -> names.add(entry.name()));
        }
        return names;
    }

    static String resource(String name) {
        try (InputStream in = Maintainer.class.getResourceAsStream("maintainer/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
