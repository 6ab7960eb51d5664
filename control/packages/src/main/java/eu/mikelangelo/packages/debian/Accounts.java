package eu.mikelangelo.packages.debian;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Users and groups of a tree: Debian's static ones (base-passwd, identities below 100 and nobody) and those that
 * packages make, numbered from 100 in the order of their names, so that the same packages give the same numbers.
 */
final class Accounts {
    private static final int FIRST = 100;
    private static final int NOBODY = 65_534;
    private static final String BASE_USERS = "root:0 daemon:1 bin:2 sys:3 sync:4 games:5 man:6 lp:7 mail:8 news:9 "
            + "uucp:10 "
            + "proxy:13 www-data:33 backup:34 list:38 irc:39 _apt:42 nobody:65534";
    private static final String BASE_GROUPS = "root:0 daemon:1 bin:2 sys:3 adm:4 tty:5 disk:6 lp:7 mail:8 news:9 "
            + "uucp:10 "
            + "man:12 proxy:13 kmem:15 dialout:20 fax:21 voice:22 cdrom:24 floppy:25 tape:26 sudo:27 audio:29 dip:30 "
            + "www-data:33 backup:34 operator:37 list:38 irc:39 src:40 shadow:42 utmp:43 video:44 sasl:45 plugdev:46 "
            + "staff:50 games:60 users:100 nogroup:65534";
    private final TreeMap<String, Account> users = new TreeMap<>();
    private final TreeMap<String, Integer> groups = new TreeMap<>();
    private final TreeMap<String, Set<String>> members = new TreeMap<>();
    private boolean numbered;

    private static final class Account {
        private String group;
        private String home;
        private String shell;
        private String comment;
        private int id;

        Account(String group, String home, String shell, String comment, int id) {
            this.group = group;
            this.home = home;
            this.shell = shell;
            this.comment = comment;
            this.id = id;
        }
    }

    Accounts() {
        for (String group : BASE_GROUPS.split(" ")) {
            groups.put(group.replaceFirst(":.*", ""), Integer.parseInt(group.replaceFirst(".*:", "")));
        }
        for (String user : BASE_USERS.split(" ")) {
            String name = user.replaceFirst(":.*", "");
            int id = Integer.parseInt(user.replaceFirst(".*:", ""));
            String home = switch (name) {
                case "root" -> "/root";
                case "www-data" -> "/var/www";
                case "mail" -> "/var/mail";
                case "backup" -> "/var/backups";
                default -> "/nonexistent";
            };
            String group = groups.containsKey(name) ? name : "nogroup";
            users.put(name, new Account(group, home, name.equals("root") ? "/bin/sh" : "/usr/sbin/nologin", name, id));
        }
    }

    /** Adds a user; what an earlier line left open is filled in. {@code group} "" means one of its own name. */
    void user(String name, String group, String home, String shell, String comment, int id) {
        String own = group.isEmpty() ? name : group;
        if (!own.matches("[0-9]+")) {
            groups.putIfAbsent(own, -1);
        }
        Account known = users.get(name);
        if (known == null) {
            users.put(name, new Account(own, home, shell, comment, id));
        } else if (known.id < 0) {
            known.group = group.isEmpty() ? known.group : group;
            known.home = known.home.isEmpty() ? home : known.home;
            known.shell = known.shell.isEmpty() ? shell : known.shell;
            known.comment = known.comment.isEmpty() ? comment : known.comment;
            known.id = id;
        }
        numbered = false;
    }

    void group(String name, int id) {
        groups.merge(name, id, (old, now) -> old >= 0 ? old : now);
        numbered = false;
    }

    void member(String user, String group) {
        members.computeIfAbsent(group, g -> new LinkedHashSet<>()).add(user);
    }

    boolean hasUser(String name) {
        return users.containsKey(name);
    }

    boolean hasGroup(String name) {
        return groups.containsKey(name);
    }

    /** Gives numbers; call once all are known. A wanted number is given when it is free. */
    void number() {
        TreeSet<Integer> taken = new TreeSet<>(groups.values());
        users.values().forEach(user -> taken.add(user.id));
        TreeSet<String> open = new TreeSet<>();
        users.forEach((name, user) -> {
            if (user.id < 0) {
                open.add(name);
            }
        });
        groups.forEach((name, id) -> {
            if (id < 0) {
                open.add(name);
            }
        });
        int next = FIRST + 1;
        for (String name : open) {
            while (taken.contains(next)) {
                next++;
            }
            taken.add(next);
            if (groups.getOrDefault(name, 0) < 0) {
                groups.put(name, next);
            }
            Account user = users.get(name);
            if (user != null && user.id < 0) {
                user.id = next;
            }
        }
        numbered = true;
    }

    /** The number of a user's name or of digits; -1 when unknown. */
    int uid(String name) {
        ready();
        Account user = users.get(name);
        return user != null ? user.id : name.matches("[0-9]{1,5}") ? Integer.parseInt(name) : -1;
    }

    int gid(String name) {
        ready();
        return groups.containsKey(name) ? groups.get(name) : name.matches("[0-9]{1,5}") ? Integer.parseInt(name) : -1;
    }

    /** The number of a user's primary group. */
    int primary(String user) {
        Account account = users.get(user);
        return account == null ? NOBODY : Math.max(0, gid(account.group));
    }

    String home(String user) {
        Account account = users.get(user);
        return account == null || account.home.isEmpty() ? "/" : account.home;
    }

    /** Numbers of the groups that list the user. */
    List<Integer> supplementary(String user) {
        List<Integer> ids = new ArrayList<>();
        members.forEach((group, names) -> {
            if (names.contains(user) && gid(group) >= 0) {
                ids.add(gid(group));
            }
        });
        return ids;
    }

    String passwd() {
        ready();
        StringBuilder text = new StringBuilder();
        users.entrySet().stream().sorted((a, b) -> Integer.compare(a.getValue().id, b.getValue().id)).forEach(e -> {
            Account user = e.getValue();
            text.append(e.getKey()).append(":x:").append(user.id).append(':').append(primary(e.getKey())).append(':')
                    .append(user.comment).append(':').append(user.home.isEmpty() ? "/nonexistent" : user.home)
                    .append(':')
                    .append(user.shell.isEmpty() ? "/usr/sbin/nologin" : user.shell).append('\n');
        });
        return text.toString();
    }

    String groups() {
        ready();
        StringBuilder text = new StringBuilder();
        groups.entrySet().stream().sorted(Map.Entry.<String, Integer>comparingByValue()
                .thenComparing(Map.Entry.comparingByKey())).forEach(e -> text.append(e.getKey()).append(":x:")
                .append(e.getValue()).append(':').append(String.join(",", members.getOrDefault(e.getKey(), Set.of())))
                .append('\n'));
        return text.toString();
    }

    /** No password fits: every account is locked. */
    String shadow() {
        StringBuilder text = new StringBuilder();
        users.keySet().forEach(name -> text.append(name).append(":*:20000:0:99999:7:::\n"));
        return text.toString();
    }

    private void ready() {
        if (!numbered) {
            throw new IllegalStateException("accounts are numbered once all are known");
        }
    }
}
