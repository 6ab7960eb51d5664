package eu.mikelangelo.packages.debian.unit;

/** One thing a maintainer script, a sysusers.d or a tmpfiles.d line would do to a system, for us to do to a tree. */
public sealed interface Action {
    /** @param group primary group; "" for one of its own name. @param id wanted number, or -1 */
    record User(String name, String group, String home, String shell, String comment, int id) implements Action { }

    record Group(String name, int id) implements Action { }

    record Membership(String user, String group) implements Action { }

    /** @param user or {@code group} may be "" for unchanged, a name or a number */
    record Owner(String path, String user, String group, boolean recursive) implements Action { }

    record Mode(String path, int mode, boolean recursive) implements Action { }

    /** @param mode -1 for unchanged (0755 when new) */
    record Folder(String path, int mode, String user, String group) implements Action { }

    /** Copies a file when nothing stands at the target yet. @param mode -1 for the same */
    record Copy(String from, String to, int mode) implements Action { }

    record Link(String target, String path) implements Action { }

    /** update-alternatives --install. */
    record Alternative(String link, String name, String path, int priority) implements Action { }
}
