package eu.mikelangelo.agent.http;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import jdk.net.ExtendedSocketOptions;

/**
 * Who may speak to the agent: its own user, and root. The run folder's mode keeps others out already; this holds when
 * somebody has widened it. The kernel vouches for the peer (SO_PEERCRED, unix(7)).
 */
public class PeerCheck {
    private final String ownUser;

    PeerCheck(String ownUser) {
        this.ownUser = ownUser;
    }

    /** For the user this process runs as; a user without a name goes by its number. */
    public static PeerCheck ofProcess() throws IOException {
        return new PeerCheck(Files.getOwner(Path.of("/proc/self")).getName());
    }

    boolean admits(String user) {
        return user.equals(ownUser) || user.equals("root");
    }

    /** Closes the channel of anybody else. @throws IOException that names them */
    void check(SocketChannel channel) throws IOException {
        String user = channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName();
        if (!admits(user)) {
            channel.close();
            throw new IOException("refused a connection from user " + user + ": the agent belongs to " + ownUser);
        }
    }
}
