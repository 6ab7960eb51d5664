package eu.mikelangelo.plane.api;

import java.io.IOException;

/**
 * Fuzz target: a body is a message or refused with an IOException, and a message that was read is written and read
 * again as the same.
 */
public final class WireFuzz {
    private WireFuzz() {
    }

    /** The first byte chooses between request and response; the rest is the body. */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length == 0) {
            return;
        }
        byte[] body = java.util.Arrays.copyOfRange(input, 1, input.length);
        try {
            if ((input[0] & 1) == 0) {
                Request request = Wire.decodeRequest(body);
                same(request, Wire.decodeRequest(body(Wire.encode(request))));
            } else {
                Response response = Wire.decodeResponse(body);
                same(response, Wire.decodeResponse(body(Wire.encode(response))));
            }
        } catch (IOException refused) {
            if (refused.getMessage() != null && refused.getMessage().isBlank()) {
                throw new AssertionError("refused without a reason", refused);
            }
        }
    }

    private static byte[] body(byte[] frame) {
        return java.util.Arrays.copyOfRange(frame, 4, frame.length);
    }

    private static void same(Object once, Object twice) {
        if (!once.equals(twice)) {
            throw new AssertionError(once + " became " + twice);
        }
    }
}
