package eu.mikelangelo.packages.debian;

import eu.mikelangelo.packages.Tree;
import java.util.Map;

/** What every tree has: the folders and links of a usr-merged system, the accounts, and a few files of /etc. */
final class BaseFiles {
    private static final Map<String, String> LINKS = Map.of("/bin", "usr/bin", "/sbin", "usr/sbin", "/lib", "usr/lib",
            "/lib64", "usr/lib64", "/var/run", "/run", "/var/lock", "/run/lock", "/etc/mtab", "/proc/mounts");

    private BaseFiles() { }

    static void add(Furnisher furnisher, TreeMaker maker) {
        Tree tree = maker.tree();
        for (String path : new String[] {"/dev", "/proc", "/sys", "/run", "/etc", "/usr", "/usr/bin", "/usr/sbin",
            "/usr/lib", "/usr/lib64", "/var", "/var/lib", "/var/cache", "/var/log", "/var/spool"}) {
            folder(tree, path, 0755);
        }
        folder(tree, "/root", 0700);
        folder(tree, "/tmp", 01777);
        folder(tree, "/var/tmp", 01777);
        LINKS.forEach((path, target) -> tree.put(path, new Tree.Link(target, 0, 0)));
        file(furnisher, tree, "/etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
        file(furnisher, tree, "/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
                + "networks: files\nprotocols: files\nservices: files\n");
        file(furnisher, tree, "/etc/host.conf", "multi on\n");
        file(furnisher, tree, "/etc/os-release", "PRETTY_NAME=\"Mikelangelo machine (Debian packages)\"\nID=debian\n"
                + "NAME=\"Debian GNU/Linux\"\n");
        furnisher.write("/etc/passwd", furnisher.accounts().passwd(), 0644, 0, 0);
        furnisher.write("/etc/group", furnisher.accounts().groups(), 0644, 0, 0);
        furnisher.write("/etc/shadow", furnisher.accounts().shadow(), 0640, 0, 42);
        certificates(furnisher, maker);
    }

    private static void folder(Tree tree, String path, int mode) {
        if (tree.get(path) == null) {
            tree.put(path, new Tree.Folder(mode, 0, 0));
        }
    }

    private static void file(Furnisher furnisher, Tree tree, String path, String content) {
        if (tree.get(path) == null) {
            furnisher.write(path, content, 0644, 0, 0);
        }
    }

    /** As update-ca-certificates(8) would: all certificates behind one another. */
    private static void certificates(Furnisher furnisher, TreeMaker maker) {
        StringBuilder bundle = new StringBuilder();
        for (Map.Entry<String, Tree.Node> node : maker.tree().nodes().entrySet()) {
            if (node.getKey().matches("/usr/share/ca-certificates/.*\\.crt")) {
                bundle.append(maker.text(node.getKey()));
                bundle.append(bundle.charAt(bundle.length() - 1) == '\n' ? "" : "\n");
            }
        }
        if (!bundle.isEmpty()) {
            furnisher.write("/etc/ssl/certs/ca-certificates.crt", bundle.toString(), 0644, 0, 0);
        }
    }
}
