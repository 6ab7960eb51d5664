package eu.mikelangelo.agent.http;

import eu.mikelangelo.agent.service.FakeFleet;
import eu.mikelangelo.agent.service.MachineService;
import eu.mikelangelo.agent.service.RunRequest;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.machines.ExitStatus;
import eu.mikelangelo.machines.Attachment;
import eu.mikelangelo.machines.ExecSession;
import eu.mikelangelo.machines.Machine;
import eu.mikelangelo.machines.MachineState;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** A machine "web" without a machine: its exec is cat(1), its console a buffer. */
final class FakeMachines implements MachineService {
    final ByteArrayOutputStream typed = new ByteArrayOutputStream();
    final ByteArrayOutputStream file = new ByteArrayOutputStream();
    final CountDownLatch execClosed = new CountDownLatch(1);
    final CountDownLatch cancelled = new CountDownLatch(1);
    volatile boolean live = true;
    volatile int lastSignal;
    private final Path folder;

    FakeMachines(Path folder) {
        this.folder = folder;
    }

    private static void known(String name) {
        if (!name.equals("web")) {
            throw new Failure(Failure.Kind.NOT_FOUND, "there is no machine " + name, "mike ps -a lists them");
        }
    }

    @Override
    public Map<String, Object> run(RunRequest request, Progress progress) {
        switch (request.source()) {
            case "bug" -> throw new IllegalStateException("a bug");
            case "full" -> throw new java.io.UncheckedIOException(new IOException("x: No space left on device"));
            case "slow" -> {
                try {
                    while (true) {
                        progress.step("working");
                        Thread.sleep(10);
                    }
                } catch (Exchange.ClientGone e) {
                    cancelled.countDown();
                    throw e;
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            default -> {
                progress.report("downloading", 1, 2);
                progress.report("downloading", 2, 2);
                if (request.source().equals("broken")) {
                    throw new Failure(Failure.Kind.UNTRUSTED, "the checksum is wrong", "try again");
                }
            }
        }
        return Map.of("name", request.name().orElse(request.source()));
    }

    @Override
    public Map<String, Object> start(String name, boolean detach, Duration patience, Progress progress) {
        known(name);
        return Map.of("name", name);
    }

    @Override
    public List<Map<String, Object>> list() {
        return List.of(Map.of("name", "web"));
    }

    @Override
    public Map<String, Object> inspect(String name) {
        known(name);
        return Map.of("name", name);
    }

    @Override
    public void stop(String name, Duration grace) {
        known(name);
        live = false;
    }

    @Override
    public void kill(String name, int signal) {
        known(name);
        lastSignal = signal;
    }

    @Override
    public void remove(String name, boolean force) {
        known(name);
        if (live && !force) {
            throw new Failure(Failure.Kind.CONFLICT, "web runs", "mike rm -f web");
        }
    }

    @Override
    public Optional<MachineState> awaitEnd(String name, Duration limit) {
        known(name);
        return live ? Optional.empty()
                : Optional.of(FakeFleet.state(MachineState.Phase.EXITED, ExitStatus.signal(15)));
    }

    @Override
    public boolean live(String name) {
        return live;
    }

    @Override
    public Path log(String name, boolean kernel) {
        known(name);
        return folder.resolve(kernel ? "kernel.log" : "console.log");
    }

    @Override
    public Attachment attach(String name) {
        known(name);
        return new Attachment() {
            @Override
            public int read(byte[] to) {
                return -1;
            }

            @Override
            public long lost() {
                return 0;
            }

            @Override
            public void write(byte[] from, int offset, int length) {
                typed.write(from, offset, length);
            }

            @Override
            public void resize(int rows, int columns) {
                typed.writeBytes((rows + "x" + columns).getBytes(StandardCharsets.US_ASCII));
            }

            @Override
            public void close() { }
        };
    }

    @Override
    public ExecSession exec(String name, String user, String workdir, List<String> words) {
        known(name);
        return new Cat(words);
    }

    /** Copies its input to its output and says its words on stderr; ends with 3. */
    private final class Cat implements ExecSession {
        private final PipedOutputStream in = new PipedOutputStream();
        private final PipedInputStream out;
        private final InputStream err;
        private final CountDownLatch ended = new CountDownLatch(1);

        Cat(List<String> words) {
            err = new java.io.ByteArrayInputStream(String.join(" ", words).getBytes(StandardCharsets.UTF_8));
            try {
                out = new PipedInputStream(in, 1 << 20);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        @Override
        public OutputStream stdin() {
            return new java.io.FilterOutputStream(in) {
                @Override
                public void write(byte[] from, int offset, int length) throws IOException {
                    in.write(from, offset, length);
                }

                @Override
                public void close() throws IOException {
                    super.close();
                    ended.countDown();
                }
            };
        }

        @Override
        public InputStream stdout() {
            return out;
        }

        @Override
        public InputStream stderr() {
            return err;
        }

        @Override
        public void signal(int number) {
            lastSignal = number;
        }

        @Override
        public int awaitExit() throws InterruptedException {
            ended.await();
            return 3;
        }

        @Override
        public void close() {
            ended.countDown();
            execClosed.countDown();
            try {
                in.close();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    @Override
    public void copyOut(String name, String path, OutputStream to) throws IOException {
        known(name);
        if (!path.equals("/file")) {
            throw new Failure(Failure.Kind.NOT_FOUND, "there is no " + path + " in web", "");
        }
        to.write("content".getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void copyIn(String name, InputStream from, String path, int mode) throws IOException {
        known(name);
        file.writeBytes((path + " " + Integer.toOctalString(mode) + " ").getBytes(StandardCharsets.UTF_8));
        from.transferTo(file);
    }
}
