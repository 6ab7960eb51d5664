package eu.mikelangelo.packages.debian.apt;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPPublicKey;
import org.bouncycastle.openpgp.PGPPublicKeyRing;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureList;
import org.bouncycastle.openpgp.PGPUtil;
import org.bouncycastle.openpgp.bc.BcPGPObjectFactory;
import org.bouncycastle.openpgp.operator.bc.BcPGPContentVerifierBuilderProvider;

/** The OpenPGP keys that one archive is trusted with, and the check of an inline-signed file against them. */
final class Keyring {
    private static final int MAX_KEY_FILE = 4 << 20;
    private static final String BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----";
    private static final String SIGNATURE = "-----BEGIN PGP SIGNATURE-----";
    private final List<PGPPublicKey> keys = new ArrayList<>();

    /** The keys of a source: its files and embedded key, narrowed to its fingerprints. Unreadable files are skipped. */
    static Keyring of(AptSource source) {
        Keyring ring = new Keyring();
        for (Path file : source.keyFiles()) {
            try {
                if (Files.size(file) <= MAX_KEY_FILE) {
                    ring.add(Files.readAllBytes(file), source.fingerprints());
                }
            } catch (IOException | RuntimeException e) {
                // A key file that is missing or of another format (keybox) simply adds no key; an archive without
                // a fitting key is then refused with its own message.
                continue;
            }
        }
        if (!source.embeddedKey().isEmpty()) {
            try {
                ring.add(source.embeddedKey().getBytes(StandardCharsets.UTF_8), source.fingerprints());
            } catch (IOException | RuntimeException e) {
                return ring;
            }
        }
        return ring;
    }

    private void add(byte[] file, List<String> fingerprints) throws IOException {
        BufferedInputStream in = new BufferedInputStream(new ByteArrayInputStream(file));
        for (int block = 0; block < 64 && ready(in); block++) {
            InputStream decoded = PGPUtil.getDecoderStream(in);
            BcPGPObjectFactory objects = new BcPGPObjectFactory(decoded);
            for (Object object = objects.nextObject(); object != null; object = objects.nextObject()) {
                if (object instanceof PGPPublicKeyRing ring && wanted(ring, fingerprints)) {
                    for (Iterator<PGPPublicKey> each = ring.getPublicKeys(); each.hasNext();) {
                        keys.add(each.next());
                    }
                }
            }
        }
    }

    private static boolean ready(InputStream in) throws IOException {
        in.mark(1);
        int next = in.read();
        in.reset();
        return next >= 0;
    }

    private static boolean wanted(PGPPublicKeyRing ring, List<String> fingerprints) {
        if (fingerprints.isEmpty()) {
            return true;
        }
        for (Iterator<PGPPublicKey> each = ring.getPublicKeys(); each.hasNext();) {
            String hex = HexFormat.of().formatHex(each.next().getFingerprint()).toUpperCase(Locale.ROOT);
            if (fingerprints.contains(hex)) {
                return true;
            }
        }
        return false;
    }

    boolean isEmpty() {
        return keys.isEmpty();
    }

    /**
     * The text that a cleartext-signed message (RFC 9580 section 7) carries, once a signature of it by one of our keys
     * has been found good. Nothing outside the signed part is ever returned.
     *
     * @throws IOException saying why there is no good signature
     */
    String verified(byte[] message, Instant now) throws IOException {
        String text = new String(message, StandardCharsets.UTF_8).replace("\r\n", "\n");
        if (!text.startsWith(BEGIN + "\n")) {
            throw new IOException("it is not an inline-signed file");
        }
        int body = text.indexOf("\n\n") + 2;
        int end = text.indexOf("\n" + SIGNATURE);
        if (body < 2 || end < body) {
            throw new IOException("its signature is missing or cut");
        }
        StringBuilder plain = new StringBuilder(end - body);
        StringBuilder signed = new StringBuilder(end - body + 4096);
        for (String line : text.substring(body, end).split("\n", -1)) {
            String unescaped = line.startsWith("- ") ? line.substring(2) : line;
            plain.append(unescaped).append('\n');
            signed.append(signed.isEmpty() && plain.length() == unescaped.length() + 1 ? "" : "\r\n")
                    .append(trimEnd(unescaped));
        }
        check(signed.toString().getBytes(StandardCharsets.UTF_8), text.substring(end + 1), now);
        return plain.toString();
    }

    /** Trailing blanks and tabs are not part of what is signed (RFC 9580 7.2). */
    private static String trimEnd(String line) {
        int end = line.length();
        while (end > 0 && (line.charAt(end - 1) == ' ' || line.charAt(end - 1) == '\t')) {
            end--;
        }
        return line.substring(0, end);
    }

    private void check(byte[] signed, String armour, Instant now) throws IOException {
        List<String> unknown = new ArrayList<>();
        String worst = null;
        try {
            BcPGPObjectFactory objects = new BcPGPObjectFactory(PGPUtil.getDecoderStream(
                    new ByteArrayInputStream(armour.getBytes(StandardCharsets.UTF_8))));
            for (Object object = objects.nextObject(); object != null; object = objects.nextObject()) {
                if (!(object instanceof PGPSignatureList list)) {
                    continue;
                }
                for (PGPSignature signature : list) {
                    List<PGPPublicKey> candidates = keys.stream()
                            .filter(key -> key.getKeyID() == signature.getKeyID()).toList();
                    if (candidates.isEmpty()) {
                        unknown.add(String.format("%016X", signature.getKeyID()));
                    }
                    for (PGPPublicKey key : candidates) {
                        String fault = fault(signature, key, signed, now);
                        if (fault == null) {
                            return;
                        }
                        worst = fault;
                    }
                }
            }
        } catch (PGPException | RuntimeException e) {
            throw new IOException("its signature cannot be read: " + e.getMessage(), e);
        }
        throw new IOException(worst != null ? worst : unknown.isEmpty() ? "it carries no signature"
                : "it is signed by " + String.join(", ", unknown) + ", none of which is among this source's "
                        + keys.size() + " keys");
    }

    private static String fault(PGPSignature signature, PGPPublicKey key, byte[] signed, Instant now)
            throws PGPException {
        int hash = signature.getHashAlgorithm();
        String name = String.format("%016X", key.getKeyID());
        if (hash == HashAlgorithmTags.MD5 || hash == HashAlgorithmTags.SHA1 || hash == HashAlgorithmTags.RIPEMD160) {
            return "its signature by " + name + " uses a broken hash algorithm";
        }
        int type = signature.getSignatureType();
        if (type != PGPSignature.CANONICAL_TEXT_DOCUMENT && type != PGPSignature.BINARY_DOCUMENT) {
            return "its signature by " + name + " is not one over a document";
        }
        if (key.hasRevocation()) {
            return "its signing key " + name + " was revoked";
        }
        long valid = key.getValidSeconds();
        Instant made = signature.getCreationTime().toInstant();
        if (valid > 0 && made.isAfter(key.getCreationTime().toInstant().plusSeconds(valid))) {
            return "its signing key " + name + " had expired when it signed";
        }
        if (made.isAfter(now.plusSeconds(86_400))) {
            return "its signature is from the future (" + made + "); is this host's clock right?";
        }
        signature.init(new BcPGPContentVerifierBuilderProvider(), key);
        signature.update(signed);
        return signature.verify() ? null : "its signature by " + name + " does not fit its content";
    }
}
