package eu.mikelangelo.packages.debian.unit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads what a maintainer script would do; the commands that Debian's packages really use, nothing else, and runs
 * none.
 */
public final class ScriptReader {
    private final List<Action> actions = new ArrayList<>();

    private ScriptReader() { }

    /** @param argument the script's first: "configure" for postinst, "install" for preinst */
    public static List<Action> read(String script, String argument, String packageName) {
        Map<String, String> known = new HashMap<>();
        known.put("1", argument);
        known.put("2", "");
        known.put("DPKG_ROOT", "");
        known.put("DPKG_MAINTSCRIPT_PACKAGE", packageName);
        ScriptReader reader = new ScriptReader();
        for (List<String> command : Shell.read(script, known).commands()) {
            try {
                reader.command(command);
            } catch (NumberFormatException e) {
                continue;
            }
        }
        return reader.actions;
    }

    private void command(List<String> words) {
        int start = 0;
        while (start < words.size() - 1 && words.get(start).matches("command|exec|env|sudo|eval")) {
            start++;
        }
        String name = words.get(start).replaceFirst(".*/", "");
        Options options = new Options(words.subList(start + 1, words.size()), name);
        List<String> rest = options.rest;
        switch (name) {
            case "adduser" -> adduser(options);
            case "useradd" -> useradd(options);
            case "addgroup", "groupadd" -> {
                if (rest.size() == 2 && name.equals("addgroup")) {
                    member(rest.get(0), rest.get(1));
                } else if (rest.size() == 1) {
                    group(rest.getFirst(), options.get("gid", options.get("g", "")));
                }
            }
            case "usermod" -> usermod(options);
            case "gpasswd" -> {
                if (options.has("a") && rest.size() == 1) {
                    member(options.get("a", ""), rest.getFirst());
                }
            }
            case "chown", "chgrp" -> owner(name, options);
            case "chmod" -> {
                for (String path : tail(rest)) {
                    if (path(path) && rest.getFirst().matches("[0-7]{3,5}")) {
                        actions.add(new Action.Mode(path, Integer.parseInt(rest.getFirst(), 8), options.has("R")));
                    }
                }
            }
            case "mkdir" -> rest.forEach(path -> folder(path, options.get("m", options.get("mode", "")), "", ""));
            case "install" -> install(options);
            case "cp" -> {
                if (rest.size() == 2 && !options.has("r") && !options.has("R")) {
                    copy(rest.get(0), rest.get(1), -1);
                }
            }
            case "ucf" -> {
                if (rest.size() == 2) {
                    copy(rest.get(0), rest.get(1), -1);
                }
            }
            case "ln" -> {
                if (rest.size() == 2 && options.has("s") && known(rest.get(0)) && path(rest.get(1))) {
                    actions.add(new Action.Link(rest.get(0), rest.get(1)));
                }
            }
            case "dpkg-statoverride" -> {
                if (options.has("add") && rest.size() == 4) {
                    own(rest.get(3), rest.get(0), rest.get(1), false);
                    actions.add(new Action.Mode(rest.get(3), Integer.parseInt(rest.get(2), 8), false));
                }
            }
            case "update-alternatives" -> alternatives(words.subList(start + 1, words.size()));
            default -> { }
        }
    }

    private void adduser(Options options) {
        List<String> rest = options.rest;
        if (rest.size() == 2) {
            member(rest.get(0), rest.get(1));
        } else if (rest.size() == 1 && options.has("group") && !options.has("system")) {
            group(rest.getFirst(), options.get("gid", ""));
        } else if (rest.size() == 1) {
            String own = options.has("group") || !options.has("system") ? "" : "nogroup";
            user(rest.getFirst(), options.get("ingroup", options.get("gid", own)), options.get("home", ""),
                    options.get("shell", ""), options.get("gecos", options.get("comment", "")),
                    options.get("uid", ""));
        }
    }

    private void useradd(Options options) {
        if (options.rest.size() != 1) {
            return;
        }
        String name = options.rest.getFirst();
        user(name, options.get("gid", options.get("g", "")), options.get("home-dir", options.get("home",
                options.get("d", ""))), options.get("shell", options.get("s", "")),
                options.get("comment", options.get("c", "")), options.get("uid", options.get("u", "")));
        for (String group : options.get("groups", options.get("G", "")).split(",")) {
            member(name, group);
        }
    }

    private void usermod(Options options) {
        if (options.rest.size() == 1) {
            String groups = options.get("groups", options.get("G", options.get("aG", "")));
            for (String group : groups.split(",")) {
                member(options.rest.getFirst(), group);
            }
        }
    }

    private void owner(String name, Options options) {
        List<String> rest = options.rest;
        if (rest.size() < 2) {
            return;
        }
        String[] owner = name.equals("chgrp") ? new String[] {"", rest.getFirst()}
                : rest.getFirst().split("[:.]", 2);
        String group = owner.length < 2 ? "" : owner[1].isEmpty() ? owner[0] : owner[1];
        for (String path : tail(rest)) {
            own(path, owner[0], group, options.has("R") || options.has("recursive"));
        }
    }

    private void install(Options options) {
        String mode = options.get("m", options.get("mode", ""));
        String user = options.get("o", options.get("owner", ""));
        String group = options.get("g", options.get("group", ""));
        if (options.has("d") || options.has("directory")) {
            options.rest.forEach(path -> folder(path, mode, user, group));
        } else if (options.rest.size() == 2) {
            copy(options.rest.get(0), options.rest.get(1), mode.isEmpty() ? 0755 : Integer.parseInt(mode, 8));
            own(options.rest.get(1), user, group, false);
        }
    }

    private void alternatives(List<String> words) {
        for (int i = 0; i + 3 < words.size(); i++) {
            boolean main = words.get(i).equals("--install");
            String link = words.get(i + 1);
            String target = words.get(i + 3);
            if ((main || words.get(i).equals("--slave")) && path(link) && path(target)) {
                String priority = i + 4 < words.size() ? words.get(i + 4) : "";
                actions.add(new Action.Alternative(link, words.get(i + 2), target,
                        main && priority.matches("[0-9]{1,6}") ? Integer.parseInt(priority) : 0));
            }
        }
    }

    private void user(String name, String group, String home, String shell, String comment, String id) {
        if (name(name)) {
            actions.add(new Action.User(name, name(group) || group.matches("[0-9]+") ? group : "", path(home) ? home
                    : "",
                    path(shell) ? shell : "", known(comment) ? comment.replaceAll("[:\n]", " ") : "", number(id)));
        }
    }

    private void group(String name, String id) {
        if (name(name)) {
            actions.add(new Action.Group(name, number(id)));
        }
    }

    private void member(String user, String group) {
        if (name(user) && name(group)) {
            actions.add(new Action.Membership(user, group));
        }
    }

    private void own(String path, String user, String group, boolean recursive) {
        if (path(path) && known(user) && known(group)) {
            actions.add(new Action.Owner(path, user, group, recursive));
        }
    }

    private void folder(String path, String mode, String user, String group) {
        if (path(path) && known(user) && known(group)) {
            actions.add(new Action.Folder(path, mode.matches("[0-7]{3,5}") ? Integer.parseInt(mode, 8) : -1, user,
                    group));
        }
    }

    private void copy(String from, String to, int mode) {
        if (path(from) && path(to)) {
            actions.add(new Action.Copy(from, to, mode));
        }
    }

    private static int number(String text) {
        return text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : -1;
    }

    private static boolean name(String text) {
        return text.matches("[A-Za-z_][A-Za-z0-9_.-]{0,31}");
    }

    private static boolean path(String text) {
        return text.startsWith("/") && known(text) && !text.contains("/../") && !text.endsWith("/..");
    }

    private static boolean known(String text) {
        return text.indexOf(Shell.UNKNOWN) < 0 && text.indexOf('*') < 0;
    }

    private static List<String> tail(List<String> words) {
        return words.isEmpty() ? words : words.subList(1, words.size());
    }

    /** Options of a command, and the words that are none. Which options take a value depends on the command. */
    private static final class Options {
        private final Map<String, String> values = new HashMap<>();
        private final List<String> rest = new ArrayList<>();

        Options(List<String> words, String command) {
            String valued = switch (command) {
                case "adduser" -> "home shell gecos comment uid gid ingroup firstuid lastuid conf";
                case "useradd", "usermod" -> "d home-dir home s shell c comment u uid g gid G groups aG e K k b";
                case "addgroup", "groupadd" -> "gid g K";
                case "gpasswd" -> "a d";
                case "install" -> "m mode o owner g group t";
                case "mkdir" -> "m mode";
                default -> "";
            };
            for (int i = 0; i < words.size(); i++) {
                String word = words.get(i);
                if (word.startsWith("--") && word.contains("=")) {
                    values.put(word.substring(2, word.indexOf('=')), word.substring(word.indexOf('=') + 1));
                } else if (word.startsWith("--")) {
                    String name = word.substring(2);
                    boolean takes = takes(valued, name) && i + 1 < words.size();
                    values.put(name, takes ? words.get(++i) : "");
                } else if (word.startsWith("-") && word.length() > 1) {
                    String name = word.substring(1);
                    boolean takes = (takes(valued, name) || takes(valued, name.substring(name.length() - 1)))
                            && i + 1 < words.size();
                    String value = takes ? words.get(++i) : "";
                    values.put(name, value);
                    for (int c = 0; c < name.length(); c++) {
                        values.put(name.substring(c, c + 1), c == name.length() - 1 ? value : "");
                    }
                } else {
                    rest.add(word);
                }
            }
        }

        private static boolean takes(String valued, String name) {
            return (" " + valued + " ").contains(" " + name + " ");
        }

        boolean has(String name) {
            return values.containsKey(name);
        }

        String get(String name, String otherwise) {
            String value = values.get(name);
            return value == null || value.indexOf(UNKNOWN_CHAR) >= 0 ? otherwise : value;
        }

        private static final char UNKNOWN_CHAR = Shell.UNKNOWN;
    }
}
