package eu.mikelangelo.packages.debian;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Bundle;
import eu.mikelangelo.packages.Start;
import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.debian.apt.Closure;
import eu.mikelangelo.packages.debian.deb.DebFacts.Entry;
import eu.mikelangelo.packages.manifest.CommandWords;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Makes the minimal tree and the start of one import out of a resolved closure. One use. */
final class Composer {
    /** Packages that install and administer others; a machine with one application needs none of them at run time. */
    static final String ADMIN = "adduser|debconf|debconf-2\\.0|cdebconf|init-system-helpers|lsb-base|sysvinit-utils|"
            + "ucf|"
            + "dpkg|perl|perl-base|python3|python3-minimal|systemd|systemd-sysv|sysvinit-core|logrotate|cron|"
            + "cron-daemon-common|"
            + "passwd|mount|util-linux|util-linux-extra|bash|coreutils|install-info|default-mta|procps|lsof|"
            + "dbconfig-.*|dpkg-dev|apt|login|psmisc|sensible-utils|debianutils|rsyslog";
    private static final String NOT_NEEDED = "/etc/(init\\.d|cron[^/]*|logrotate\\.d|apparmor\\.d|ufw|"
            + "bash_completion\\.d|"
            + "insserv[^/]*|network|dhcp|ppp|xdg|dbus-1|rc.*\\.d|resolvconf|init|logcheck|munin|avahi|"
            + "apache2/conf-available|"
            + "NetworkManager|if-.*|reportbug)(/.*)?|/usr/lib/(systemd|tmpfiles\\.d|sysusers\\.d|udev|NetworkManager|"
            + "dracut|init|modules-load\\.d|sysctl\\.d)(/.*)?|/usr/share/(apparmor.*|dbus-1|polkit-1|debconf|"
            + "bug|reportbug|dh.*|augeas|selinux|nagios.*|logwatch|snmp|munin|collectd|ufw|omf|perl5/Debian.*|"
            + "locale-langpack|pkgconfig|aclocal|cmake|xml)(/.*)?|/usr/lib/[^/]*/(pkgconfig|cmake)(/.*)?|"
            + "/var/lib/dpkg/.*"
            + "|/run/.*|/usr/share/[^/]+/(examples?|doc|docs|html-doc)(/.*)?|.*/legacy\\.so";
    private final Universe universe;
    private final BlobStore blobs;
    private final Recipe recipe;
    /** The recipe says all of the start: no script of a package runs. */
    private final boolean prepared;
    private final String name;
    private final TreeMaker maker;
    private final Programs programs;
    private final Furnisher furnisher;
    private final Maintainer maintainer;
    private final List<String> warnings = new ArrayList<>();
    private int main;
    private List<Integer> group = List.of();

    /** @param recipe null for none */
    Composer(String name, Universe universe, BlobStore blobs, Recipe recipe) {
        this.name = name;
        this.universe = universe;
        this.blobs = blobs;
        this.recipe = recipe;
        maker = new TreeMaker(universe, recipe == null ? List.of() : recipe.drop());
        programs = new Programs(universe, maker);
        prepared = recipe != null && !recipe.args().isEmpty();
        furnisher = new Furnisher(universe, maker, blobs);
        maintainer = new Maintainer(universe, programs, furnisher, maker);
    }

    /** The bundle of the closure's first member. */
    Bundle bundle() {
        main = 0;
        gather();
        own();
        furnisher.files();
        if (recipe != null) {
            recipe.add().forEach(this::addGlob);
        }
        Plan plan = prepared ? new Plan()
                : new StartFinder(universe, maker, universe.name(main), main, group).find();
        if (recipe != null) {
            RecipePlan.apply(recipe, plan, maker);
        }
        if (!prepared) {
            // systemd's own tmpfiles.d makes it everywhere; old scripts lock there through /var/lock.
            plan.folders.add(new Plan.Folder("/run/lock", 01777, ""));
        }
        if (maintainer.plan(plan)) {
            late(plan);
        }
        templates(plan);
        bring(plan);
        if (!prepared) {
            programs.configured(group);
        }
        maker.libraries();
        furnisher.read(maker.used().stream().filter(m -> !group.contains(m)
                && !universe.member(main).requires().contains(m)).toList(), false, List.of());
        furnisher.accounts(plan);
        furnisher.owners(plan);
        if (!prepared) {
            warnings.addAll(maintainer.settle(group));
            open(plan);
        }
        maintainer.write();
        if (recipe != null) {
            recipe.files().forEach(f -> furnisher.write(TreeMaker.normal(f.path()), f.content(), f.mode(), f.owner()));
        }
        BaseFiles.add(furnisher, maker);
        Start start = start(plan);
        warnings.addAll(plan.warnings);
        warnings.addAll(universe.closure().warnings());
        warnings.addAll(Checks.warnings(universe, maker, group, plan, recipe != null));
        Checks.start(universe, maker, plan, universe.name(main));
        Closure.Member member = universe.member(main);
        return new Bundle(name, member.entry().version(), maker.tree(), start, sources(), List.copyOf(warnings));
    }

    /** All files of the named members with what their programs need; no start. */
    Tree tree(List<String> names) {
        Map<String, Integer> positions = universe.closure().positions();
        List<Integer> members = names.stream().map(positions::get).filter(m -> m != null).toList();
        group = members;
        TreeSet<Integer> load = new TreeSet<>(members);
        members.forEach(m -> universe.member(m).requires().stream().filter(r -> !admin(r)).forEach(load::add));
        universe.load(load);
        own();
        for (int member : members) {
            for (Entry entry : universe.facts(member).entries()) {
                if (entry.kind() != 'd' && entry.path().matches("/usr/s?bin/.+")) {
                    programs.program(entry.path());
                }
            }
        }
        furnisher.read(members, true, List.of());
        furnisher.files();
        maker.libraries();
        furnisher.accounts(null);
        furnisher.owners(null);
        BaseFiles.add(furnisher, maker);
        return maker.tree();
    }

    /** Finds the main package and its group, and loads what they may need in one go. */
    private void gather() {
        group = sameSource(main);
        load();
        if (recipe == null && !StartFinder.startable(universe, group)) {
            for (int candidate : universe.member(main).requires()) {
                List<Integer> other = sameSource(candidate);
                if (!admin(candidate) && StartFinder.startable(universe, other)) {
                    main = candidate;
                    group = other;
                    load();
                    break;
                }
            }
        }
        if (recipe != null) {
            TreeSet<Integer> all = new TreeSet<>(group);
            Map<String, Integer> positions = universe.closure().positions();
            for (String wanted : recipe.packages()) {
                java.util.regex.Pattern pattern = TreeMaker.glob(wanted);
                positions.forEach((candidate, position) -> {
                    if (pattern.matcher(candidate).matches()) {
                        all.addAll(sameSource(position));
                    }
                });
            }
            group = List.copyOf(all);
            load();
        }
        List<Integer> running = prepared ? List.of() : maintainer.choose(maintained());
        furnisher.read(group, true, running);
        furnisher.read(universe.loaded().stream().filter(m -> !group.contains(m) && !admin(m)
                && !universe.member(m).entry().section().endsWith("libs")).toList(), true, running);
    }

    private void load() {
        TreeSet<Integer> load = new TreeSet<>(group);
        List<Integer> open = new ArrayList<>(group);
        for (int i = 0; i < open.size(); i++) {
            boolean direct = group.contains(open.get(i));
            for (int required : universe.member(open.get(i)).requires()) {
                boolean library = universe.member(required).entry().section().endsWith("libs")
                        && universe.name(required).startsWith("lib") || universe.name(required).equals("zlib1g");
                boolean large = universe.member(required).entry().section().endsWith("libs")
                        && universe.member(required).entry().size() > TreeMaker.LARGE;
                if (!admin(required) && (direct || library) && !large && load.add(required)) {
                    open.add(required);
                }
            }
        }
        universe.load(load);
    }

    private boolean admin(int member) {
        return universe.name(member).matches(ADMIN) && !group.contains(member);
    }

    private List<Integer> sameSource(int member) {
        String source = universe.member(member).entry().source();
        TreeSet<Integer> same = new TreeSet<>();
        same.add(member);
        // Libraries of the same source come in when something needs them, as libraries of others do.
        for (int m = 0; m < universe.closure().members().size(); m++) {
            Closure.Member other = universe.member(m);
            if (other.entry().source().equals(source) && !other.essential()
                    && !other.entry().section().endsWith("libs")) {
                same.add(m);
            }
        }
        return List.copyOf(same);
    }

    /** The group's own files, and the data packages that the main package depends on. */
    private void own() {
        for (int member : group) {
            maker.whole(member, this::needed);
        }
        for (int member : group) {
            for (int required : universe.member(member).requires()) {
                if (!admin(required) && !group.contains(required) && universe.loaded(required)
                        && !universe.member(required).entry().section().endsWith("libs") && maker.dataOnly(required)) {
                    maker.whole(required, this::needed);
                }
            }
        }
    }

    /** What one package lays down for another is not needed; for that other it is its own (/etc/dhcp, /etc/munin). */
    private boolean needed(Entry entry) {
        String[] parts = entry.path().split("/", 4);
        boolean own = parts.length == 4 && parts[1].equals("etc")
                && !parts[2].matches("init.*|cron.*|rc.*")
                && ("-" + universe.name(main) + "-").contains("-" + parts[2] + "-");
        return own || !entry.path().matches(NOT_NEEDED);
    }

    private void addGlob(String glob) {
        java.util.regex.Pattern pattern = TreeMaker.glob(glob);
        for (int m = 0; m < universe.closure().members().size(); m++) {
            if (!universe.member(m).essential() || glob.startsWith("/usr/lib/locale")) {
                for (Entry entry : universe.facts(m).entries()) {
                    if (pattern.matcher(entry.path()).matches()) {
                        maker.include(entry.path());
                    }
                }
            }
        }
    }

    /** A configuration that a script would fill in from a template of the same name: the template has the defaults. */
    private void templates(Plan plan) {
        for (String path : Checks.absent(maker, plan)) {
            List<Universe.Owned> found = universe.named(path.substring(path.lastIndexOf('/') + 1)).stream()
                    .filter(o -> o.entry().file() && group.contains(o.member())
                            && o.entry().path().matches("/usr/(share|lib)/.*") && o.entry().elf() == null).toList();
            if (found.size() == 1) {
                Entry entry = found.getFirst().entry();
                maker.tree().put(path, new Tree.File(0644, 0, 0, entry.digest(), entry.size()));
                warnings.add(plan.origin + " names " + path + ", which no package ships; " + entry.path()
                        + " stands there instead");
            }
        }
    }

    /** Brings the programs of a plan into the tree, and words it as it will run. */
    private void bring(Plan plan) {
        String program = programs.command(plan.args);
        if (!plan.wrap.isEmpty()) {
            List<String> all = new ArrayList<>(plan.wrap);
            all.addAll(plan.args);
            programs.command(all);
        }
        if (program != null && !plan.args.getFirst().startsWith("/")) {
            plan.args.set(0, program);
        }
        List<Plan.Before> kept = new ArrayList<>();
        for (Plan.Before before : plan.pre) {
            if (programs.command(before.words()) != null) {
                kept.add(before);
            } else if (!before.optional()) {
                warnings.add(plan.origin + " first runs " + before.words().getFirst()
                        + ", which no package here has; left out");
            }
        }
        plan.pre.clear();
        plan.pre.addAll(kept);
        if (kept.stream().anyMatch(Plan.Before::optional)) {
            programs.program("/bin/sh");
        }
        if (kept.stream().anyMatch(b -> !b.user().isEmpty()) || !plan.capabilities.isEmpty()) {
            programs.program("/usr/bin/setpriv");
        }
    }

    /** Whose set-up may have to run in the machine, in the closure's order: the group and what it depends on. */
    private List<Integer> maintained() {
        List<Integer> members = new ArrayList<>();
        for (int candidate : universe.loaded()) {
            boolean near = group.contains(candidate) || group.stream().anyMatch(m -> universe.member(m).requires()
                    .contains(candidate));
            if (near && !admin(candidate) && !universe.member(candidate).essential()
                    && !universe.member(candidate).entry().section().endsWith("libs")) {
                members.add(candidate);
            }
        }
        return members;
    }

    private void open(Plan plan) {
        List<String> open = Loopback.open(plan.args);
        if (!open.equals(plan.args)) {
            warnings.add(plan.origin + " listens on the loopback only; this machine starts " + String.join(" ", open));
            plan.args = open;
        }
    }

    /** Environment files that a set-up writes in the machine are read there, by a script of ours. */
    private void late(Plan plan) {
        if (plan.lateFiles.isEmpty() || plan.template == null) {
            return;
        }
        String program = programs.command(plan.args);
        furnisher.write(LateFiles.PATH, LateFiles.script(plan.lateFiles,
                plan.template.subList(1, plan.template.size())), 0755, 0, 0);
        plan.wrap = List.of("/bin/sh", LateFiles.PATH);
        plan.args = new ArrayList<>(List.of(program == null || plan.args.getFirst().startsWith("/")
                ? plan.args.getFirst() : program));
        plan.template = null;
    }

    private List<String> words(Plan plan) {
        if (plan.template != null && !plan.template.isEmpty()) {
            List<String> template = new ArrayList<>(plan.template);
            template.set(0, plan.args.getFirst().replace("$", "$$"));
            if (CommandWords.expand(template, plan.env).equals(plan.args)) {
                return template;
            }
        }
        return literal(plan.args);
    }

    private static List<String> literal(List<String> words) {
        return words.stream().map(word -> word.replace("$", "$$")).toList();
    }

    private Start start(Plan plan) {
        Accounts accounts = furnisher.accounts();
        List<List<String>> pre = new ArrayList<>();
        for (Plan.Before before : plan.pre) {
            List<String> words = new ArrayList<>();
            if (!before.user().isEmpty()) {
                words.addAll(List.of("/usr/bin/setpriv", "--reuid=" + accounts.uid(before.user()), "--regid="
                        + accounts.primary(before.user()), "--clear-groups", "--"));
            }
            words.addAll(before.words());
            if (before.optional()) {
                words.addAll(0, List.of("/bin/sh", "-c", "\"$@\" || :", "sh"));
            }
            pre.add(literal(words));
        }
        Map<String, String> env = new LinkedHashMap<>(plan.env);
        env.putIfAbsent("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        if (!plan.user.isEmpty()) {
            env.putIfAbsent("USER", plan.user);
            env.putIfAbsent("HOME", accounts.home(plan.user));
        }
        String workdir = plan.workdir.equals("~") ? accounts.home(plan.user.isEmpty() ? "root" : plan.user)
                : plan.workdir;
        List<String> wrap = plan.wrap;
        String user = user(plan);
        if (!plan.capabilities.isEmpty() && !user.startsWith("0:")) {
            wrap = privileged(plan, user);
            user = "0:0";
        }
        return new Start(wrap, words(plan), List.copyOf(pre), env, user, workdir, plan.forking,
                furnisher.runFolders(), List.copyOf(plan.ports));
    }

    /** What starts a command with ambient capabilities: setpriv becomes the user and keeps them. */
    private static List<String> privileged(Plan plan, String user) {
        String[] ids = user.split("[:,]");
        String kept = String.join(",", plan.capabilities.stream().map(c -> "+" + c).toList());
        List<String> words = new ArrayList<>(List.of("/usr/bin/setpriv", "--reuid=" + ids[0], "--regid=" + ids[1],
                ids.length > 2 ? "--groups=" + String.join(",", List.of(ids).subList(2, ids.length)) : "--clear-groups",
                "--inh-caps=" + kept, "--ambient-caps=" + kept, "--"));
        words.addAll(plan.wrap);
        return words;
    }

    private String user(Plan plan) {
        Accounts accounts = furnisher.accounts();
        if (plan.user.isEmpty() && plan.group.isEmpty()) {
            return "0:0";
        }
        int uid = plan.user.isEmpty() ? 0 : accounts.uid(plan.user);
        int gid = plan.group.isEmpty() ? accounts.primary(plan.user) : accounts.gid(plan.group);
        if (uid < 0 || gid < 0) {
            throw new Failure(Failure.Kind.GUEST, plan.origin + " runs as " + plan.user + ":" + plan.group
                    + ", which no package makes", "Write a recipe with user (packages/recipes).");
        }
        TreeSet<Integer> more = new TreeSet<>(accounts.supplementary(plan.user));
        plan.moreGroups.forEach(g -> more.add(Math.max(0, accounts.gid(g))));
        more.remove(gid);
        StringBuilder text = new StringBuilder(uid + ":" + gid);
        more.forEach(g -> text.append(',').append(g));
        return text.toString();
    }

    private List<Bundle.Source> sources() {
        List<Bundle.Source> sources = new ArrayList<>();
        for (int member : maker.used().stream().sorted().toList()) {
            var entry = universe.member(member).entry();
            sources.add(new Bundle.Source("debian", entry.name(), entry.version(), entry.sha256()));
        }
        return List.copyOf(sources);
    }
}
