package eu.mikelangelo.packages;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * How the application of a machine is started; what a service unit, a recipe or a run.yaml says, without the guest's
 * run-time choices (ports, more environment). All lists are in order; nothing is null.
 *
 * @param wrap    words before the program, taken literally: a shell for a script, setpriv for capabilities. They stay
 *                whatever arguments a user gives; null (an image of an earlier time) is none
 * @param args    the start command, one element a word; words may hold {@code $NAME} and {@code ${NAME}}, expanded from
 *                the environment when the machine is made (never by a shell); {@code $NAME} alone in a word may become
 *                none or several words, {@code $$} is a dollar (as in systemd's units)
 * @param pre     commands that must succeed before it, as root
 * @param env     environment, in the order given
 * @param user    {@code uid:gid[,gid...]} in numbers, resolved when the tree was built; "0:0" is root
 * @param workdir where the command starts; "/" by default
 * @param forking true when the command goes to the background by itself (systemd's Type=forking): the machine then
 *                lives as long as any process of it
 * @param folders what must exist before the start on file systems made at boot (/run, /tmp)
 * @param ports   ports the package is known to listen on, for documentation and {@code mike inspect}
 */
public record Start(List<String> wrap, List<String> args, List<List<String>> pre, Map<String, String> env, String user,
                    String workdir, boolean forking, List<RunFolder> folders, List<Port> ports) {

    /** Takes unmodifiable copies; throws NullPointerException when something is null. */
    public Start {
        wrap = wrap == null ? List.of() : List.copyOf(wrap);
        args = List.copyOf(args);
        pre = pre.stream().map(List::copyOf).toList();
        env.forEach((name, value) -> Objects.requireNonNull(value, name));
        env = Collections.unmodifiableMap(new LinkedHashMap<>(env));
        Objects.requireNonNull(user);
        Objects.requireNonNull(workdir);
        folders = List.copyOf(folders);
        ports = List.copyOf(ports);
    }

    public record RunFolder(String path, int mode, int uid, int gid) { }

    /** @param protocol "tcp" or "udp" */
    public record Port(String protocol, int number) { }
}
