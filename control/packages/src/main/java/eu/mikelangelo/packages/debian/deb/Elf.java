package eu.mikelangelo.packages.debian.deb;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the dynamic linker and we need to know of an ELF file (System V ABI; only little-endian 64-bit, for that is all
 * our guests run; others give null).
 *
 * @param needed  DT_NEEDED, in order
 * @param runpath DT_RUNPATH, else DT_RPATH, split at colons; may hold $ORIGIN
 * @param interp  PT_INTERP, or "" (libraries, static programs)
 * @param shell   it imports system, popen or wordexp: it runs /bin/sh
 * @param names   programs (/usr/sbin/x) and libraries (libx.so.1) that its texts name, bounded
 */
public record Elf(List<String> needed, String soname, List<String> runpath, String interp, boolean shell,
                  List<String> names) {
    private static final int MAX_NEEDED = 512;
    private static final int MAX_NAMES = 64;
    private static final long MAX_SCANNED = 48L << 20;
    private static final Set<String> SHELL_CALLS = Set.of("system", "popen", "wordexp");

    /** Reads a file; null when it is no 64-bit little-endian ELF file or is malformed. */
    public static Elf read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() < 64 || channel.size() > Integer.MAX_VALUE) {
                return null;
            }
            return parse(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
        }
    }

    /** Reads bytes; null as above. Never throws on hostile content. */
    public static Elf parse(ByteBuffer bytes) {
        try {
            return new Parser(bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN)).parse();
        } catch (IndexOutOfBoundsException | IllegalArgumentException | ArithmeticException e) {
            return null;
        }
    }

    private static final class Parser {
        private final ByteBuffer b;
        private final List<long[]> loads = new ArrayList<>();

        Parser(ByteBuffer b) {
            this.b = b;
        }

        Elf parse() {
            if (b.getInt(0) != 0x464c457f || b.get(4) != 2 || b.get(5) != 1) {
                return null;
            }
            int phoff = Math.toIntExact(b.getLong(32));
            int phentsize = b.getShort(54) & 0xffff;
            int phnum = b.getShort(56) & 0xffff;
            String interp = "";
            int dynamic = -1;
            int dynamicSize = 0;
            for (int i = 0; i < phnum; i++) {
                int at = Math.addExact(phoff, i * phentsize);
                int type = b.getInt(at);
                int offset = Math.toIntExact(b.getLong(at + 8));
                int size = Math.toIntExact(b.getLong(at + 32));
                if (type == 1) {
                    loads.add(new long[] {b.getLong(at + 16), offset, size});
                } else if (type == 2) {
                    dynamic = offset;
                    dynamicSize = size;
                } else if (type == 3) {
                    interp = text(offset);
                }
            }
            return dynamic < 0 ? new Elf(List.of(), "", List.of(), interp, false, scan())
                    : dynamic(dynamic, dynamicSize, interp);
        }

        private Elf dynamic(int offset, int size, String interp) {
            List<Long> needed = new ArrayList<>();
            long soname = -1;
            long rpath = -1;
            long runpath = -1;
            long strtab = 0;
            long symtab = 0;
            for (int at = offset; at + 16 <= offset + size; at += 16) {
                long value = b.getLong(at + 8);
                switch ((int) b.getLong(at)) {
                    case 0 -> at = offset + size;
                    case 1 -> needed.add(value);
                    case 5 -> strtab = value;
                    case 6 -> symtab = value;
                    case 14 -> soname = value;
                    case 15 -> rpath = value;
                    case 29 -> runpath = value;
                    default -> { }
                }
                if (needed.size() > MAX_NEEDED) {
                    return null;
                }
            }
            int strings = file(strtab);
            List<String> names = new ArrayList<>();
            for (long name : needed) {
                names.add(text(Math.toIntExact(strings + name)));
            }
            long path = runpath >= 0 ? runpath : rpath;
            List<String> paths = new ArrayList<>();
            if (path >= 0) {
                for (String part : text(Math.toIntExact(strings + path)).split(":")) {
                    if (!part.isEmpty()) {
                        paths.add(part);
                    }
                }
            }
            return new Elf(names, soname < 0 ? "" : text(Math.toIntExact(strings + soname)), paths, interp,
                    symtab < strtab && shell(file(symtab), strings), scan());
        }

        /** Linkers put .dynsym right before .dynstr (or version data between), so the latter's start ends the walk. */
        private boolean shell(int symbols, int strings) {
            for (int at = symbols; at + 24 <= strings; at += 24) {
                int name = b.getInt(at);
                boolean undefined = b.getShort(at + 6) == 0;
                if (name < 0 || Math.addExact(strings, name) >= b.limit()) {
                    return false;
                }
                if (undefined && name > 0) {
                    int first = b.get(strings + name);
                    if ((first == 's' || first == 'p' || first == 'w') && SHELL_CALLS.contains(text(strings + name))) {
                        return true;
                    }
                }
            }
            return false;
        }

        private int file(long address) {
            for (long[] load : loads) {
                if (address >= load[0] && address < load[0] + load[2]) {
                    return Math.toIntExact(address - load[0] + load[1]);
                }
            }
            throw new IllegalArgumentException("address in no segment");
        }

        private String text(int at) {
            int end = at;
            while (b.get(end) != 0) {
                if (++end - at > 4096) {
                    throw new IllegalArgumentException("a text without an end");
                }
            }
            byte[] bytes = new byte[end - at];
            b.get(at, bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }

        /** Whole NUL-terminated texts that look like the path of a program or the soname of a library. */
        private List<String> scan() {
            TreeSet<String> found = new TreeSet<>();
            int limit = (int) Math.min(b.limit(), MAX_SCANNED);
            byte[] window = new byte[limit];
            b.get(0, window);
            for (int i = 1; i < limit - 8 && found.size() < MAX_NAMES; i++) {
                boolean path = window[i] == '/' && window[i - 1] == 0;
                boolean library = window[i] == 'l' && window[i - 1] == 0 && window[i + 1] == 'i' && window[i
                        + 2] == 'b';
                if (path || library) {
                    int end = i;
                    while (end < limit && window[end] > ' ' && end - i < 128) {
                        end++;
                    }
                    if (end < limit && window[end] == 0) {
                        String text = new String(window, i, end - i, StandardCharsets.US_ASCII);
                        if (text.matches(path ? "/(usr/)?(bin|sbin|libexec|lib)/[A-Za-z0-9._+/-]+"
                                : "lib[A-Za-z0-9_+.-]+\\.so\\.[0-9][0-9.]*")) {
                            found.add(text);
                        }
                        i = end;
                    }
                }
            }
            return List.copyOf(found);
        }
    }
}
