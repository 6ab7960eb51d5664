package eu.mikelangelo.packages.debian.unit;

import java.util.ArrayList;
import java.util.List;

/** Lines of sysusers.d(5) and tmpfiles.d(5) as actions. */
public final class SystemdLines {
    private SystemdLines() { }

    /** Users, groups and memberships. */
    public static List<Action> sysusers(String text) {
        List<Action> actions = new ArrayList<>();
        for (String line : text.split("\n")) {
            List<String> w = line.strip().startsWith("#") ? List.of() : UnitFile.split(line.strip());
            if (w.size() < 2 || !w.get(1).matches("[A-Za-z_][A-Za-z0-9_.-]{0,31}")) {
                continue;
            }
            String id = at(w, 2);
            switch (w.getFirst().charAt(0)) {
                case 'u' -> {
                    String[] parts = id.split(":", 2);
                    actions.add(new Action.User(w.get(1), parts.length > 1 ? parts[1] : "", at(w, 4), at(w, 5),
                            at(w, 3).replace(':', ' '), number(parts[0])));
                }
                case 'g' -> actions.add(new Action.Group(w.get(1), number(id)));
                case 'm' -> actions.add(new Action.Membership(w.get(1), at(w, 2)));
                default -> { }
            }
        }
        return actions;
    }

    /** Folders, links, copies and modes; ages and the rest do not matter to a new machine. */
    public static List<Action> tmpfiles(String text) {
        List<Action> actions = new ArrayList<>();
        for (String line : text.split("\n")) {
            List<String> w = line.strip().startsWith("#") ? List.of() : UnitFile.split(line.strip());
            String path = at(w, 1).replace("%t", "/run").replace("%S", "/var/lib").replace("%L", "/var/log")
                    .replace("%C", "/var/cache");
            if (w.size() < 2 || !path.startsWith("/") || path.contains("*") || path.contains("..")) {
                continue;
            }
            String mode = at(w, 2).replaceFirst("^[~:]", "");
            int bits = mode.matches("[0-7]{3,5}") ? Integer.parseInt(mode, 8) : -1;
            String argument = w.size() > 6 ? w.get(6) : "";
            switch (w.getFirst().charAt(0)) {
                case 'd', 'D', 'v', 'q', 'Q' ->
                    actions.add(new Action.Folder(path, bits, at(w, 3), at(w, 4)));
                case 'L' -> actions.add(new Action.Link(argument.isEmpty() ? "/usr/share/factory" + path : argument,
                        path));
                case 'C' -> actions.add(new Action.Copy(argument.isEmpty() ? "/usr/share/factory" + path : argument,
                        path,
                        bits));
                case 'z', 'Z' -> {
                    actions.add(new Action.Owner(path, at(w, 3), at(w, 4), w.getFirst().charAt(0) == 'Z'));
                    if (bits >= 0 && w.getFirst().charAt(0) == 'z') {
                        actions.add(new Action.Mode(path, bits, false));
                    }
                }
                default -> { }
            }
        }
        return actions;
    }

    private static String at(List<String> words, int index) {
        String word = index < words.size() ? words.get(index) : "";
        return word.equals("-") ? "" : word.replaceFirst("^:", "");
    }

    private static int number(String text) {
        return text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : -1;
    }
}
