package eu.mikelangelo.packages.debian;

import eu.mikelangelo.packages.Start;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A start command on its way from a unit, init script or recipe to {@link Start}: names are not yet numbers. */
final class Plan {
    /** Where it comes from, for messages: {@code memcached.service}. */
    String origin = "";
    List<String> args = new ArrayList<>();
    /** Words before the program (see {@link Start}). */
    List<String> wrap = List.of();
    /** The same words with {@code $NAME} kept (see {@link Start}); null when there is nothing to keep. */
    List<String> template;
    /** Capabilities that the user keeps, as setpriv(1) names them: {@code net_bind_service}. */
    final List<String> capabilities = new ArrayList<>();
    /** Environment files that no package ships and a maintainer script may write, in order. */
    final List<String> lateFiles = new ArrayList<>();
    /** start-stop-daemon puts the program into the background; whether it goes there itself only a run tells. */
    boolean background;
    /** The arguments were looked for and not found where the program was. */
    boolean guessed;
    final List<Before> pre = new ArrayList<>();
    final Map<String, String> env = new LinkedHashMap<>();
    String user = "";
    String group = "";
    final List<String> moreGroups = new ArrayList<>();
    String workdir = "/";
    boolean forking;
    final List<Folder> folders = new ArrayList<>();
    final List<Start.Port> ports = new ArrayList<>();
    final List<String> warnings = new ArrayList<>();

    /**
     * A command before the start.
     *
     * @param optional its failure does not matter
     * @param user     who runs it, "" for root
     */
    record Before(List<String> words, boolean optional, String user) { }

    /** @param owner "" for root, "user" or "user:group" */
    record Folder(String path, int mode, String owner) { }
}
