package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.guest.GuestChannel;
import eu.mikelangelo.machines.guest.GuestEvent;
import eu.mikelangelo.machines.guest.GuestProcess;
import eu.mikelangelo.machines.guest.StatusReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A {@link GuestLink} over {@link GuestChannel}. */
final class ChannelLink implements GuestLink {
    private final GuestChannel channel;

    private ChannelLink(GuestChannel channel) {
        this.channel = channel;
    }

    /** Makes links to real guests. */
    static final class Connector implements GuestLink.Connector {
        @Override
        public GuestLink connect(Path controlSocket, boolean first, GuestLink.Listener listener) throws IOException {
            return new ChannelLink(GuestChannel.connect(controlSocket,
                    first ? GuestChannel.First.YES : GuestChannel.First.NO, new Ear(listener)));
        }

        @Override
        public void replay(Path statusLog, GuestLink.Listener listener) throws IOException {
            Ear ear = new Ear(listener);
            StatusReader.readLog(statusLog).forEach(ear::event);
        }
    }

    /** What the guest's words mean for the state machine. */
    private record Ear(GuestLink.Listener listener) implements GuestChannel.Listener {
        @Override
        public void event(GuestEvent event) {
            switch (event) {
                case GuestEvent.Boot e -> { }
                case GuestEvent.Net e -> { }
                case GuestEvent.NetNone e -> { }
                case GuestEvent.Started e -> listener.event(new MachineEvent.AppStarted());
                case GuestEvent.Listening e -> listener.listening(e.protocol(), e.port(), true);
                case GuestEvent.ListeningLocal e -> listener.listening(e.protocol(), e.port(), false);
                case GuestEvent.Ready e -> listener.event(new MachineEvent.Ready());
                case GuestEvent.Failed e -> listener.event(new MachineEvent.GuestFailed(e.reason()));
                case GuestEvent.Exited e -> listener.event(new MachineEvent.AppExited(
                        e.signal() == 0 ? ExitStatus.code(e.code()) : ExitStatus.signal(e.signal())));
            }
        }

        @Override
        public void closed(String reason) {
            listener.closed(reason);
        }
    }

    @Override
    public void stop() {
        channel.stop();
    }

    @Override
    public void signal(int number) {
        channel.signal(number);
    }

    @Override
    public void resize(int rows, int columns) {
        channel.resize(rows, columns);
    }

    @Override
    public ExecSession exec(String user, String workdir, List<String> argv) {
        return new Session(channel.exec(new GuestChannel.Command(argv, user, workdir.isEmpty() ? "/" : workdir)));
    }

    private record Session(GuestProcess process) implements ExecSession {
        @Override
        public OutputStream stdin() {
            return process.input();
        }

        @Override
        public InputStream stdout() {
            return process.output();
        }

        @Override
        public InputStream stderr() {
            return process.error();
        }

        @Override
        public void signal(int number) {
            process.signal(number);
        }

        @Override
        public int awaitExit() throws InterruptedException {
            return process.waitFor();
        }

        @Override
        public void close() {
            process.close();
        }
    }

    @Override
    public void get(String path, OutputStream to) throws IOException {
        try {
            channel.get(path, to);
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    @Override
    public void put(InputStream from, String path, int mode) throws IOException {
        try {
            channel.put(from, path, mode);
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    @Override
    public boolean awaitWelcome(Duration limit) throws InterruptedException {
        try {
            channel.awaitWelcome(limit);
            return true;
        } catch (Failure e) {
            if (e.kind() == Failure.Kind.TIMEOUT) {
                return false;
            }
            throw e;
        }
    }

    private static IOException interrupted() {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("interrupted while copying");
    }

    @Override
    public void close() {
        channel.close();
    }
}
