package eu.mikelangelo.packages.debian.deb;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Storage;
import eu.mikelangelo.packages.debian.deb.DebFacts.Entry;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Takes a .deb apart once: contents into the blob store, the rest into {@link DebFacts}, cached by the .deb's digest.
 */
public final class Unpacker {
    /** Part of the cache's file names: raise it when facts change their form or meaning. */
    private static final String FORM = "facts4";
    private static final int MAX_SCRIPT = 1 << 20;
    private static final Set<String> CONTROL = Set.of("preinst", "postinst", "config", "conffiles", "templates");
    private final Path folder;
    private final BlobStore blobs;

    public Unpacker(Path folder, BlobStore blobs) {
        this.folder = folder;
        this.blobs = blobs;
    }

    /**
     * The facts of a verified .deb; safe for many threads. @throws Failure UNTRUSTED for a hostile or damaged archive
     */
    public DebFacts facts(Path deb, String sha256) {
        Path cached = folder.resolve(sha256 + "." + FORM);
        try {
            if (Files.isRegularFile(cached)) {
                try {
                    return DebFacts.read(Files.readString(cached));
                } catch (IOException | RuntimeException e) {
                    Files.deleteIfExists(cached);
                }
            }
            DebFacts facts = unpack(deb);
            Durable.privateFolder(folder);
            Durable.write(cached, facts.write());
            return facts;
        } catch (java.nio.file.FileSystemException e) {
            throw Storage.failure("unpack " + deb.getFileName(), e);
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).matches("(?s).*(No space left|quota).*")) {
                throw Storage.failure("unpack " + deb.getFileName(), e);
            }
            throw new Failure(Failure.Kind.UNTRUSTED, "cannot unpack " + deb.getFileName() + ": " + e.getMessage(),
                    "The archive is damaged: its maker's copy is, for its digest is right.", e);
        }
    }

    /** Whether the facts are known, so that the .deb itself need not be there. */
    public boolean knows(String sha256) {
        return Files.isRegularFile(folder.resolve(sha256 + "." + FORM));
    }

    DebFacts unpack(Path deb) throws IOException {
        Map<String, String> scripts = new TreeMap<>();
        DebReader.control(deb, member -> {
            String name = member.path().substring(1);
            if (member.kind() == 'f' && CONTROL.contains(name) && member.size() <= MAX_SCRIPT) {
                scripts.put(name, new String(member.content().readAllBytes(), StandardCharsets.UTF_8));
            }
            return true;
        });
        TreeMap<String, Entry> entries = new TreeMap<>();
        DebReader.data(deb, member -> {
            Entry entry = entry(deb, member, entries);
            if (entry != null) {
                entries.put(entry.path(), entry);
            }
            return true;
        });
        return new DebFacts(scripts, List.copyOf(entries.values()));
    }

    private Entry entry(Path deb, DebReader.Member member, Map<String, Entry> before) throws IOException {
        String path = merged(member.path());
        int uid = id(member.uid());
        int gid = id(member.gid());
        if (member.path().matches("/(bin|sbin|lib|lib32|lib64|libx32)") || path.equals("/")) {
            return null;
        }
        switch (member.kind()) {
            case 'd':
                return useless(path) ? null : new Entry(path, 'd', member.mode(), uid, gid, 0, "", null, "");
            case 'l':
                return useless(path) ? null : new Entry(path, 'l', 0777, uid, gid, 0, member.target(), null, "");
            case 'h':
                Entry other = before.get(merged(member.target()));
                if (other == null || !other.file() && other.kind() != 'x') {
                    throw DebReader.hostile(deb, member.path() + " is a hard link to " + member.target()
                            + ", which is no file before it");
                }
                return new Entry(path, other.kind(), other.mode(), other.uid(), other.gid(), other.size(),
                        other.digest(), other.elf(), other.script());
            default:
                return file(path, member, uid, gid);
        }
    }

    private Entry file(String path, DebReader.Member member, int uid, int gid) throws IOException {
        if (useless(path)) {
            return new Entry(path, 'x', member.mode(), uid, gid, member.size(), "", null, "");
        }
        BufferedInputStream in = new BufferedInputStream(member.content(), 512);
        in.mark(512);
        byte[] head = in.readNBytes(256);
        in.reset();
        BlobStore.Blob blob = blobs.put(in, DebReader.MAX_FILE);
        Elf elf = null;
        String script = "";
        if (head.length > 4 && head[0] == 0x7f && head[1] == 'E' && head[2] == 'L' && head[3] == 'F') {
            elf = Elf.read(blobs.path(blob.sha256()));
        } else if (head.length > 2 && head[0] == '#' && head[1] == '!') {
            script = new String(head, 2, head.length - 2, StandardCharsets.UTF_8).lines().findFirst().orElse("")
                    .strip();
        }
        return new Entry(path, 'f', member.mode(), uid, gid, blob.size(), blob.sha256(), elf, script);
    }

    private static int id(long id) {
        return id < 0 || id > 65_535 ? 0 : (int) id;
    }

    /** Where a path lies once /bin, /sbin and /lib* are links into /usr. */
    public static String merged(String path) {
        return path.matches("/(bin|sbin|lib|lib32|lib64|libx32)(/.*)?") ? "/usr" + path : path;
    }

    /** What no guest of ours needs: documentation, translations, headers, static libraries, other tools' registries. */
    static boolean useless(String path) {
        return path.matches("/usr/share/(doc|man|info|locale|lintian|bash-completion|zsh|fish|bug|doc-base|gtk-doc|"
                + "help|"
                + "applications|pixmaps|icons|menu|metainfo|apport|vim|vim-scripts|emacs|initramfs-tools|"
                + "calendar)(/.*)?")
                || path.matches("/usr/include(/.*)?") || path.startsWith("/usr/lib/debug/")
                || path.endsWith(".a") && path.startsWith("/usr/lib/") || path.startsWith("/usr/src/");
    }
}
