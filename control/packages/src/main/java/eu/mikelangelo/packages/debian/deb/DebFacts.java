package eu.mikelangelo.packages.debian.deb;

import eu.mikelangelo.packages.debian.apt.Lines;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was learned of a .deb, so that it need not be unpacked again.
 *
 * @param scripts maintainer scripts and control files by name (preinst, postinst, conffiles, templates)
 * @param entries its files in path order, after the merge of /bin, /sbin and /lib into /usr
 */
public record DebFacts(Map<String, String> scripts, List<Entry> entries) {
    /**
     * One file.
     *
     * @param kind   'f', 'd', 'l'; or 'x': a file in documentation, whose content was not kept
     * @param digest of a file's content in the blob store; a link's target otherwise
     * @param elf    of an ELF file, else null
     * @param script the first line of a file that begins with #!, without these; else ""
     */
    public record Entry(String path, char kind, int mode, int uid, int gid, long size, String digest, Elf elf,
                        String script) {
        public boolean file() {
            return kind == 'f';
        }

        public boolean executable() {
            return kind == 'f' && (mode & 0111) != 0;
        }

        public String name() {
            return path.substring(path.lastIndexOf('/') + 1);
        }
    }

    /** The entry at a path, or null. */
    public Entry entry(String path) {
        int low = 0;
        int high = entries.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int order = entries.get(middle).path().compareTo(path);
            if (order == 0) {
                return entries.get(middle);
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return null;
    }

    String write() {
        Lines lines = new Lines();
        scripts.forEach((name, text) -> lines.add("s", name, text));
        for (Entry e : entries) {
            lines.add("e", e.path(), e.kind(), e.mode(), e.uid(), e.gid(), e.size(), e.digest(), e.script());
            if (e.elf() != null) {
                Elf elf = e.elf();
                lines.add("elf", String.join(":", elf.needed()), elf.soname(), String.join(":", elf.runpath()),
                        elf.interp(), elf.shell(), String.join(":", elf.names()));
            }
        }
        return lines.add("end").toString();
    }

    static DebFacts read(String text) throws IOException {
        Map<String, String> scripts = new TreeMap<>();
        List<Entry> entries = new ArrayList<>();
        boolean ended = false;
        for (String[] f : Lines.parse(text)) {
            switch (f[0]) {
                case "s" -> scripts.put(f[1], f[2]);
                case "e" -> entries.add(new Entry(f[1], f[2].charAt(0), Integer.parseInt(f[3]), Integer.parseInt(f[4]),
                        Integer.parseInt(f[5]), Long.parseLong(f[6]), f[7], null, f[8]));
                case "elf" -> {
                    Entry e = entries.removeLast();
                    entries.add(new Entry(e.path(), e.kind(), e.mode(), e.uid(), e.gid(), e.size(), e.digest(),
                            new Elf(list(f[1]), f[2], list(f[3]), f[4], Boolean.parseBoolean(f[5]), list(f[6])), ""));
                }
                case "end" -> ended = true;
                default -> throw new IOException("unknown record " + f[0]);
            }
        }
        if (!ended) {
            throw new IOException("the file was cut");
        }
        return new DebFacts(scripts, entries);
    }

    private static List<String> list(String joined) {
        return joined.isEmpty() ? List.of() : List.of(joined.split(":"));
    }
}
