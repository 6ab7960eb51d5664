package eu.mikelangelo.packages.debian.apt;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A verified Release file: who it is, how long it holds, and the digests of the indices. */
final class ReleaseFile {
    /** A file the Release vouches for. */
    record Listed(String path, String sha256, long size) { }

    private final Map<String, String> fields;
    private final Map<String, Listed> files = new HashMap<>();

    ReleaseFile(String text) throws IOException {
        List<Map<String, String>> stanzas = Stanzas.all(text);
        if (stanzas.size() != 1) {
            throw new IOException("a Release file has one stanza, this has " + stanzas.size());
        }
        fields = stanzas.getFirst();
        for (String line : fields.getOrDefault("sha256", "").split("\n")) {
            String[] words = line.strip().split("\\s+");
            if (words.length == 3 && words[0].matches("[0-9a-f]{64}") && words[1].matches("[0-9]{1,12}")) {
                files.put(words[2], new Listed(words[2], words[0], Long.parseLong(words[1])));
            }
        }
    }

    Listed file(String path) {
        return files.get(path);
    }

    boolean byHash() {
        return fields.getOrDefault("acquire-by-hash", "no").equalsIgnoreCase("yes");
    }

    boolean notAutomatic() {
        return fields.getOrDefault("notautomatic", "no").equalsIgnoreCase("yes");
    }

    Instant date() {
        return time("date");
    }

    /**
     * Refuses a file that is not of this suite (a signed file of another suite must not stand in for it), is out of
     * date or from the future.
     */
    void check(AptSource source, Instant now, boolean checkDate) {
        String suite = fields.getOrDefault("suite", "");
        String codename = fields.getOrDefault("codename", "");
        String wanted = source.suite().replaceFirst("/updates$", "");
        if (!source.flat() && !wanted.equals(suite.replaceFirst("/updates$", "")) && !source.suite().equals(codename)
                && !wanted.equals(codename.replaceFirst("/updates$", ""))) {
            throw new Failure(Failure.Kind.UNTRUSTED, "the Release file of " + source + " is of suite \"" + suite
                    + "\", codename \"" + codename + "\"", "The mirror serves another release under this name.");
        }
        Instant until = time("valid-until");
        if (source.checkValidUntil() && until != null && until.isBefore(now)) {
            throw new Failure(Failure.Kind.UNTRUSTED, "the Release file of " + source + " was valid until " + until
                    + ", now it is " + now, "The mirror is out of date, or this host's clock is wrong; apt's option "
                    + "Acquire::Check-Valid-Until \"false\" accepts it.");
        }
        Instant date = time("date");
        if (checkDate && date != null && date.isAfter(now.plusSeconds(86_400))) {
            throw new Failure(Failure.Kind.UNTRUSTED, "the Release file of " + source + " is from the future (" + date
                    + ")", "Is this host's clock right? It says " + now + ".");
        }
    }

    private Instant time(String field) {
        String text = fields.getOrDefault(field, "");
        if (text.isEmpty()) {
            return null;
        }
        try {
            return ZonedDateTime.parse(text.replaceFirst("UTC$", "GMT"), DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
        } catch (DateTimeParseException e) {
            try {
                return ZonedDateTime.parse(text.replaceFirst("\\s*(UTC|GMT|\\+0000)$", ""), DateTimeFormatter
                        .ofPattern("EEE, d MMM yyyy H:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC)).toInstant();
            } catch (DateTimeParseException again) {
                return null;
            }
        }
    }
}
