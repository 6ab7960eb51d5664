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
        // Programs look up "tcp" and "smtp" by name; every Debian system has netbase, few packages depend on it.
        file(furnisher, tree, "/etc/protocols", "ip\t0\tIP\nicmp\t1\tICMP\nigmp\t2\tIGMP\ntcp\t6\tTCP\nudp\t17\tUDP\n"
                + "ipv6\t41\tIPv6\nipv6-icmp\t58\tIPv6-ICMP\nsctp\t132\tSCTP\n");
        file(furnisher, tree, "/etc/services", services());
        file(furnisher, tree, "/etc/host.conf", "multi on\n");
        file(furnisher, tree, "/etc/os-release", "PRETTY_NAME=\"Mikelangelo machine (Debian packages)\"\nID=debian\n"
                + "NAME=\"Debian GNU/Linux\"\n");
        furnisher.write("/etc/passwd", furnisher.accounts().passwd(), 0644, 0, 0);
        furnisher.write("/etc/group", furnisher.accounts().groups(), 0644, 0, 0);
        furnisher.write("/etc/shadow", furnisher.accounts().shadow(), 0640, 0, 42);
        certificates(furnisher, maker);
    }

    /** Well-known ports (RFC 6335's registry), those that servers ask for by name. */
    private static String services() {
        StringBuilder text = new StringBuilder();
        for (String service : ("echo:7 discard:9 daytime:13 ftp-data:20 ftp:21 ssh:22 telnet:23 "
                + "smtp:25 time:37 whois:43 "
                + "domain:53 bootps:67 bootpc:68 tftp:69 gopher:70 finger:79 http:80 kerberos:88 pop3:110 "
                + "sunrpc:111 auth:113 nntp:119 ntp:123 imap2:143 snmp:161 snmp-trap:162 irc:194 ldap:389 "
                + "https:443 submissions:465 syslog:514 printer:515 submission:587 ipp:631 ldaps:636 "
                + "domain-s:853 rsync:873 imaps:993 pop3s:995 socks:1080 openvpn:1194 ms-sql-s:1433 "
                + "radius:1812 radius-acct:1813 mqtt:1883 nfs:2049 iscsi-target:3260 mysql:3306 sip:5060 "
                + "xmpp-client:5222 xmpp-server:5269 postgresql:5432 amqp:5672 nsca:5667 redis:6379 "
                + "ircd:6667 http-alt:8080 zabbix-agent:10050 memcache:11211 nut:3493 sieve:4190 "
                + "munin:4949").split(" ")) {
            String[] parts = service.split(":");
            text.append(parts[0]).append('\t').append(parts[1]).append("/tcp\n").append(parts[0]).append('\t')
                    .append(parts[1]).append("/udp\n");
        }
        return text.toString();
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
