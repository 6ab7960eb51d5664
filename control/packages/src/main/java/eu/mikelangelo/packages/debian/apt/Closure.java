package eu.mikelangelo.packages.debian.apt;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Packages that together satisfy each other, in the order in which they were found (what was asked for first).
 *
 * @param warnings conflicts between members that no alternative avoided
 */
public record Closure(List<Member> members, List<String> warnings) {

    /**
     * @param requires  indices of the members that were chosen for its Depends and Pre-Depends, in order
     * @param essential not needed by what was asked for, only one of the Essential packages that Debian takes for
     *                  granted
     */
    public record Member(PackageEntry entry, List<Integer> requires, boolean essential) { }

    /** The member of this name, or null. */
    public Member member(String name) {
        for (Member member : members) {
            if (member.entry().name().equals(name)) {
                return member;
            }
        }
        return null;
    }

    /** Our cache's form of it. */
    public String write() {
        Lines lines = new Lines();
        for (Member member : members) {
            PackageEntry e = member.entry();
            StringBuilder requires = new StringBuilder();
            member.requires().forEach(i -> requires.append(requires.isEmpty() ? "" : " ").append(i));
            lines.add("p", e.name(), e.version(), e.source(), e.section(), e.essential(), e.size(), e.sha256(), e.url(),
                    member.essential(), requires);
        }
        warnings.forEach(warning -> lines.add("w", warning));
        return lines.add("end").toString();
    }

    /** Reads {@link #write}'s form; fields that only resolution needs come back empty. */
    public static Closure read(String text) throws IOException {
        List<Member> members = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        boolean ended = false;
        for (String[] f : Lines.parse(text)) {
            switch (f[0]) {
                case "p" -> {
                    List<Integer> requires = new ArrayList<>();
                    for (String index : f[10].isEmpty() ? new String[0] : f[10].split(" ")) {
                        requires.add(Integer.valueOf(index));
                    }
                    members.add(new Member(new PackageEntry(f[1], f[2], f[3], f[4], Boolean.parseBoolean(f[5]), "", "",
                            "", "", "", "", Long.parseLong(f[6]), f[7], f[8], true, 0), requires,
                            Boolean.parseBoolean(f[9])));
                }
                case "w" -> warnings.add(f[1]);
                case "end" -> ended = true;
                default -> throw new IOException("unknown record " + f[0]);
            }
        }
        if (!ended) {
            throw new IOException("the file was cut");
        }
        return new Closure(members, warnings);
    }

    /** Member indices by package name. */
    public Map<String, Integer> positions() {
        Map<String, Integer> positions = new HashMap<>();
        for (int i = 0; i < members.size(); i++) {
            positions.put(members.get(i).entry().name(), i);
        }
        return positions;
    }
}
