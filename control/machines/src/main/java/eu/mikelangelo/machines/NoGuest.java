package eu.mikelangelo.machines;

import java.io.IOException;
import java.nio.file.Path;

/** Stands for the guest channel until it is joined. */
final class NoGuest implements GuestLink.Connector {
    @Override
    public GuestLink connect(Path controlSocket, boolean first, GuestLink.Listener listener) throws IOException {
        throw new IOException("this build has no guest channel");
    }

    @Override
    public void replay(Path statusLog, GuestLink.Listener listener) throws IOException {
        throw new IOException("this build has no guest channel");
    }
}
