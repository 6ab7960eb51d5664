package eu.mikelangelo.doubles;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Date;
import org.bouncycastle.bcpg.ArmoredOutputStream;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.bcpg.PublicKeyAlgorithmTags;
import org.bouncycastle.crypto.generators.Ed25519KeyPairGenerator;
import org.bouncycastle.crypto.params.Ed25519KeyGenerationParameters;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPKeyPair;
import org.bouncycastle.openpgp.PGPKeyRingGenerator;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureGenerator;
import org.bouncycastle.openpgp.operator.PGPDigestCalculator;
import org.bouncycastle.openpgp.operator.bc.BcPGPContentSignerBuilder;
import org.bouncycastle.openpgp.operator.bc.BcPGPDigestCalculatorProvider;
import org.bouncycastle.openpgp.operator.bc.BcPGPKeyPair;

/** An OpenPGP key made for the occasion, and what it signs. */
final class Signer {
    private final PGPKeyPair key;

    Signer() {
        Ed25519KeyPairGenerator generator = new Ed25519KeyPairGenerator();
        generator.init(new Ed25519KeyGenerationParameters(new SecureRandom()));
        try {
            // The older of Ed25519's two numbers: the one that Debian's own keys have and gpgv knows.
            key = new BcPGPKeyPair(4, PublicKeyAlgorithmTags.EDDSA_LEGACY, generator.generateKeyPair(),
                    new Date(System.currentTimeMillis() - 3_600_000));
        } catch (PGPException e) {
            throw new IllegalStateException(e);
        }
    }

    private BcPGPContentSignerBuilder builder() {
        return new BcPGPContentSignerBuilder(key.getPublicKey().getAlgorithm(), HashAlgorithmTags.SHA512);
    }

    /** The key as apt's Signed-By wants it: binary, with a name that it signs itself, without which gpgv refuses it. */
    byte[] publicKey() throws IOException {
        try {
            PGPDigestCalculator sha1 = new BcPGPDigestCalculatorProvider().get(HashAlgorithmTags.SHA1);
            return new PGPKeyRingGenerator(PGPSignature.POSITIVE_CERTIFICATION, key, "Archive of a test", sha1, null,
                    null, builder(), null).generatePublicKeyRing().getEncoded();
        } catch (PGPException e) {
            throw new IOException(e);
        }
    }

    /** The text inside a clear signature (RFC 9580 section 7). No line may begin with "-" or end in a blank. */
    byte[] sign(String text) throws IOException {
        String plain = text.stripTrailing();
        try {
            PGPSignatureGenerator generator = new PGPSignatureGenerator(builder(), key.getPublicKey());
            generator.init(PGPSignature.CANONICAL_TEXT_DOCUMENT, key.getPrivateKey());
            generator.update(plain.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8));
            ByteArrayOutputStream signature = new ByteArrayOutputStream();
            try (ArmoredOutputStream armour = ArmoredOutputStream.builder().build(signature)) {
                generator.generate().encode(armour);
            }
            return ("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" + plain + "\n"
                    + signature.toString(StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
        } catch (PGPException e) {
            throw new IOException(e);
        }
    }
}
