package eu.mikelangelo.packages.debian.apt;

import java.nio.file.Path;
import java.util.List;

/**
 * One archive: a base address, a suite and its components, and whom to trust for it.
 *
 * @param uri             base address without a trailing slash: {@code http:}, {@code https:} or {@code file:}
 * @param suite           {@code bookworm}, or a path ending in "/" for a flat archive (then components are empty)
 * @param keyFiles        OpenPGP key files, armoured or not
 * @param embeddedKey     an armoured key given in the sources file itself, "" if none
 * @param fingerprints    when not empty only keys with these fingerprints (40 hex digits, upper case) count
 * @param trusted         {@code trusted=yes}: the administrator wants no signature checked
 * @param checkValidUntil whether an expired Release file is refused
 */
public record AptSource(String uri, String suite, List<String> components, List<Path> keyFiles, String embeddedKey,
                        List<String> fingerprints, boolean trusted, boolean checkValidUntil) {

    boolean flat() {
        return suite.endsWith("/");
    }

    /** Where the Release files lie, with a trailing slash. */
    String releaseFolder() {
        if (!flat()) {
            return uri + "/dists/" + suite + "/";
        }
        return suite.equals("./") || suite.equals("/") ? uri + "/" : uri + "/" + suite;
    }

    @Override
    public String toString() {
        return uri + " " + suite;
    }
}
