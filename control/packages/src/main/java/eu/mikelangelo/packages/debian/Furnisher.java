package eu.mikelangelo.packages.debian;

import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Start;
import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.debian.deb.DebFacts;
import eu.mikelangelo.packages.debian.deb.DebFacts.Entry;
import eu.mikelangelo.packages.debian.unit.Action;
import eu.mikelangelo.packages.debian.unit.ScriptReader;
import eu.mikelangelo.packages.debian.unit.SystemdLines;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/**
 * Does to a tree what the maintainer scripts of its packages would have done to a system: files first (copies, links,
 * folders), accounts, and at the end owners and modes, when all files are there and all names have numbers.
 */
final class Furnisher {
    private static final int MAX_FILE = 4 << 20;
    /**
     * What BaseFiles lays down (some old scripts still convert systems to merged /usr), and what is not in the tree.
     */
    private static final String UNTOUCHED = "/(proc|sys|dev)(/.*)?|/usr/share/doc/.*|/usr(/(bin|sbin|lib|lib64))?|"
            + "/etc|/var";
    private final Universe universe;
    private final TreeMaker maker;
    private final Tree tree;
    private final BlobStore blobs;
    private final Accounts accounts = new Accounts();
    private final List<Action> actions = new ArrayList<>();
    private final TreeMap<String, Start.RunFolder> runFolders = new TreeMap<>();

    Furnisher(Universe universe, TreeMaker maker, BlobStore blobs) {
        this.universe = universe;
        this.maker = maker;
        this.tree = maker.tree();
        this.blobs = blobs;
    }

    Accounts accounts() {
        return accounts;
    }

    /**
     * Reads what these members would do. Accounts are taken from all, files and owners only when {@code all}.
     *
     * @param running the members whose postinst {@link Maintainer} runs in the machine: it makes state itself, and
     *                only where it finds none
     */
    void read(Collection<Integer> members, boolean all, Collection<Integer> running) {
        for (int member : members) {
            DebFacts facts = universe.facts(member);
            List<Action> found = new ArrayList<>();
            for (Entry entry : facts.entries()) {
                if (entry.path().startsWith("/usr/lib/sysusers.d/")) {
                    found.addAll(SystemdLines.sysusers(universe.text(entry)));
                } else if (entry.path().startsWith("/usr/lib/tmpfiles.d/")) {
                    found.addAll(SystemdLines.tmpfiles(universe.text(entry)));
                }
            }
            String name = universe.name(member);
            found.addAll(ScriptReader.read(facts.scripts().getOrDefault("preinst", ""), "install", name));
            List<Action> configured = ScriptReader.read(facts.scripts().getOrDefault("postinst", ""), "configure",
                    name);
            for (Action action : configured) {
                boolean state = action instanceof Action.Copy copy && copy.to().startsWith("/var/");
                if (!state || !running.contains(member)) {
                    found.add(action);
                }
            }
            for (Action action : found) {
                if (all || action instanceof Action.User || action instanceof Action.Group
                        || action instanceof Action.Membership) {
                    actions.add(action);
                }
            }
        }
    }

    /** Copies and links: what the start command may read. Call before the start command is looked for. */
    void files() {
        for (Action action : actions) {
            switch (action) {
                case Action.Copy copy -> copy(copy);
                case Action.Link link -> {
                    String path = place(link.path());
                    if (path != null && tree.get(path) == null && !transient_(path)) {
                        tree.put(path, new Tree.Link(link.target(), 0, 0));
                        maker.include(path);
                    }
                }
                case Action.Alternative alternative -> {
                    if (maker.find(alternative.path()) != null && tree.get(maker.real(alternative.path())) != null
                            && universe.alternative(alternative.link()) != null) {
                        maker.include(alternative.link());
                    }
                }
                default -> { }
            }
        }
    }

    private void copy(Action.Copy copy) {
        String from = maker.real(copy.from());
        String to = place(copy.to());
        if (from == null || to == null || transient_(to) || tree.get(to) instanceof Tree.File) {
            return;
        }
        if (tree.get(to) instanceof Tree.Folder) {
            to = to + from.substring(from.lastIndexOf('/'));
        }
        Universe.Owned source = universe.get(from);
        if (source != null && source.entry().file() && tree.get(to) == null && !maker.dropped(to)) {
            Entry e = source.entry();
            tree.put(to, new Tree.File(copy.mode() < 0 ? e.mode() : copy.mode(), 0, 0, e.digest(), e.size()));
        }
    }

    /** Where an action's path lies in the tree; null when we leave it alone. */
    private String place(String path) {
        String real = maker.real(path);
        return real == null || real.equals("/") || real.matches(UNTOUCHED) ? null : real;
    }

    private static boolean transient_(String path) {
        return path.startsWith("/run/") || path.startsWith("/tmp/");
    }

    /** Makes the accounts of all actions known, then gives numbers. */
    void accounts(Plan plan) {
        for (Action action : actions) {
            switch (action) {
                case Action.User u -> accounts.user(u.name(), u.group(), u.home(), u.shell(), u.comment(), u.id());
                case Action.Group g -> accounts.group(g.name(), g.id());
                case Action.Membership m -> accounts.member(m.user(), m.group());
                default -> { }
            }
        }
        if (plan != null) {
            named(plan);
        }
        accounts.number();
    }

    /** Users and groups that only the unit names: systemd's DynamicUser, or a script we did not understand. */
    private void named(Plan plan) {
        if (!plan.user.isEmpty() && !accounts.hasUser(plan.user) && !plan.user.matches("[0-9]+")) {
            String home = "";
            accounts.user(plan.user, plan.group, home, "", plan.user, -1);
        }
        List<String> groups = new ArrayList<>(plan.moreGroups);
        groups.add(plan.group);
        for (String group : groups) {
            if (!group.isEmpty() && !accounts.hasGroup(group) && !group.matches("[0-9]+")) {
                accounts.group(group, -1);
            }
        }
    }

    /** Folders, owners and modes, in the scripts' order; then the plan's folders. */
    void owners(Plan plan) {
        for (Action action : actions) {
            switch (action) {
                case Action.Folder folder -> folder(folder.path(), folder.mode(), folder.user(), folder.group());
                case Action.Owner owner -> owner(owner);
                case Action.Mode mode -> mode(mode);
                default -> { }
            }
        }
        homes();
        if (plan != null) {
            for (Plan.Folder folder : plan.folders) {
                String[] owner = folder.owner().split(":", 2);
                folder(folder.path(), folder.mode(), owner[0], owner.length > 1 ? owner[1]
                        : owner[0].isEmpty() ? "" : "#" + accounts.primary(owner[0]));
            }
        }
    }

    /**
     * adduser makes a system user's home (0755, its own) unless told otherwise; under /var/lib it is where state
     * goes.
     */
    private void homes() {
        for (Action action : actions) {
            if (action instanceof Action.User user && user.home().startsWith("/var/lib/")) {
                String path = place(user.home());
                if (path != null && tree.get(path) == null) {
                    tree.put(path, new Tree.Folder(0755, Math.max(0, accounts.uid(user.name())),
                            accounts.primary(user.name())));
                }
            }
        }
    }

    private int gid(String group) {
        return group.startsWith("#") ? Integer.parseInt(group.substring(1)) : accounts.gid(group);
    }

    private void folder(String path, int mode, String user, String group) {
        String at = place(path);
        if (at == null) {
            return;
        }
        int uid = user.isEmpty() ? -1 : accounts.uid(user);
        int gid = group.isEmpty() ? -1 : gid(group);
        if (transient_(at)) {
            Start.RunFolder before = runFolders.get(at);
            runFolders.put(at, new Start.RunFolder(at, mode < 0 ? before == null ? 0755 : before.mode() : mode,
                    uid >= 0 ? uid : before == null ? 0 : before.uid(), gid >= 0 ? gid : before == null ? 0
                    : before.gid()));
            return;
        }
        Tree.Node before = tree.get(at);
        if (before == null || before instanceof Tree.Folder) {
            int was = before == null ? 0755 : before.mode();
            tree.put(at, new Tree.Folder(mode < 0 ? was : mode, uid >= 0 ? uid : before == null ? 0 : before.uid(),
                    gid >= 0 ? gid : before == null ? 0 : before.gid()));
        }
    }

    private void owner(Action.Owner owner) {
        String at = place(owner.path());
        if (at == null) {
            return;
        }
        int uid = owner.user().isEmpty() ? -1 : accounts.uid(owner.user());
        int gid = owner.group().isEmpty() ? -1 : accounts.gid(owner.group());
        Start.RunFolder run = runFolders.get(at);
        if (run != null) {
            runFolders.put(at, new Start.RunFolder(at, run.mode(), uid >= 0 ? uid : run.uid(), gid >= 0 ? gid
                    : run.gid()));
        }
        for (String path : targets(at, owner.recursive())) {
            Tree.Node node = tree.get(path);
            int u = uid >= 0 ? uid : node.uid();
            int g = gid >= 0 ? gid : node.gid();
            tree.put(path, switch (node) {
                case Tree.File f -> new Tree.File(f.mode(), u, g, f.sha256(), f.size());
                case Tree.Folder f -> new Tree.Folder(f.mode(), u, g);
                case Tree.Link l -> l;
            });
        }
    }

    private void mode(Action.Mode mode) {
        String at = place(mode.path());
        if (at == null) {
            return;
        }
        for (String path : targets(at, mode.recursive())) {
            switch (tree.get(path)) {
                case Tree.File f -> tree.put(path, new Tree.File(mode.mode(), f.uid(), f.gid(), f.sha256(), f.size()));
                case Tree.Folder f -> tree.put(path, new Tree.Folder(mode.mode(), f.uid(), f.gid()));
                case Tree.Link _ -> { }
            }
        }
    }

    private List<String> targets(String path, boolean recursive) {
        List<String> targets = new ArrayList<>();
        if (tree.get(path) != null) {
            targets.add(path);
        }
        if (recursive) {
            for (String below : tree.nodes().keySet()) {
                if (below.startsWith(path + "/")) {
                    targets.add(below);
                }
            }
        }
        return targets;
    }

    List<Start.RunFolder> runFolders() {
        return List.copyOf(runFolders.values());
    }

    /** Writes a file of ours; {@code owner} is "user", "user:group" or "". */
    void write(String path, String content, int mode, String owner) {
        String[] names = owner.split(":", 2);
        int uid = owner.isEmpty() ? 0 : Math.max(0, accounts.uid(names[0]));
        int gid = owner.isEmpty() ? 0 : names.length > 1 ? Math.max(0, accounts.gid(names[1]))
                : accounts.primary(names[0]);
        write(path, content, mode, uid, gid);
    }

    /** Makes a link of ours. */
    void link(String path, String target) {
        tree.put(path, new Tree.Link(target, 0, 0));
    }

    void write(String path, String content, int mode, int uid, int gid) {
        write(path, content.getBytes(StandardCharsets.UTF_8), mode, uid, gid);
    }

    void write(String path, byte[] content, int mode, int uid, int gid) {
        try {
            BlobStore.Blob blob = blobs.put(new ByteArrayInputStream(content), MAX_FILE);
            tree.put(path, new Tree.File(mode, uid, gid, blob.sha256(), blob.size()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
