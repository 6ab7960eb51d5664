package eu.mikelangelo.machines.guest;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** QEMU's socket with a guest behind it that does what a test says. */
final class FakeGuest implements AutoCloseable {
    interface Script {
        void play(FakeGuest guest) throws Exception;
    }

    private final ServerSocketChannel server;
    private SocketChannel socket;
    private DataInputStream in;
    private volatile Throwable failure;
    private final Thread thread;

    FakeGuest(Path path, Script script) throws IOException {
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(path));
        thread = Thread.ofPlatform().daemon().start(() -> run(script));
    }

    private void run(Script script) {
        try {
            socket = server.accept();
            InputStream stream = Channels.newInputStream(socket);
            in = new DataInputStream(stream);
            script.play(this);
        } catch (Throwable e) {
            failure = e;
            hangUpQuietly();  // so that the host does not wait for what will never be said
        }
    }

    /** The next frame of the host; skips padding. */
    GuestFrame hear() {
        try {
            int type;
            do {
                type = in.readUnsignedByte();
            } while (type == 0);
            in.readByte();
            int channel = in.readUnsignedByte() | in.readUnsignedByte() << 8;
            byte[] payload = new byte[Integer.reverseBytes(in.readInt())];
            in.readFully(payload);
            return new GuestFrame(type, channel, payload);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The next frame, which must be of that type. */
    GuestFrame hear(int type) {
        GuestFrame frame = hear();
        if (frame.type() != type) {
            throw new AssertionError("the host said " + frame.type() + " instead of " + type);
        }
        return frame;
    }

    void say(GuestFrame frame) {
        say(frame.encode());
    }

    void say(byte[] bytes) {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                socket.write(buffer);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void welcome(String status) {
        byte[] nonce = hear(GuestFrame.HELLO).payload();
        byte[] text = status.getBytes(StandardCharsets.UTF_8);
        say(new GuestFrame(GuestFrame.WELCOME, 0,
                ByteBuffer.allocate(nonce.length + text.length).put(nonce).put(text).array()));
    }

    void hangUp() throws IOException {
        socket.close();
    }

    private void hangUpQuietly() {
        try {
            if (socket != null) {
                socket.close();
            }
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** Waits until the script is played to its end; fails when it failed. */
    void awaitEnd() {
        boolean ended;
        try {
            ended = thread.join(java.time.Duration.ofSeconds(10));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        if (failure != null) {
            throw new AssertionError("the fake guest's script failed", failure);
        }
        if (!ended) {
            throw new AssertionError("the fake guest's script did not end");
        }
    }

    @Override
    public void close() throws IOException {
        try {
            awaitEnd();
        } finally {
            server.close();
            if (socket != null) {
                socket.close();
            }
        }
    }
}
