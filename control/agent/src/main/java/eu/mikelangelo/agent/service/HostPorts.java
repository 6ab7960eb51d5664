package eu.mikelangelo.agent.service;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.PublishedPort;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Whether a host port can be published now, found out by binding it; and if not, who has it. */
final class HostPorts {
    /** State LISTEN of a TCP socket in /proc/net/tcp (include/net/tcp_states.h); an open UDP one is 07. */
    private static final String TCP_LISTEN = "0A";
    private static final String UDP_OPEN = "07";

    private HostPorts() { }

    /**
     * @param items the machines, to name the one that has the port
     * @throws Failure CONFLICT in use; BAD_INPUT not an address of this host; UNAVAILABLE not permitted
     */
    static void check(List<PublishedPort> ports, List<Fleet.Item> items) {
        for (PublishedPort port : ports) {
            owner(port, items).ifPresent(name -> {
                throw taken(port, "machine " + name, "stop it (mike stop " + name + "), or publish another port");
            });
            bind(port);
        }
    }

    private static Optional<String> owner(PublishedPort port, List<Fleet.Item> items) {
        for (Fleet.Item item : items) {
            if (!item.state().phase().live()) {
                continue;
            }
            for (PublishedPort other : item.spec().ports()) {
                if (other.host() == port.host() && other.protocol().equals(port.protocol())
                        && overlap(other.address(), port.address())) {
                    return Optional.of(item.spec().name());
                }
            }
        }
        return Optional.empty();
    }

    private static boolean overlap(String one, String other) {
        return one.equals(other) || one.equals("0.0.0.0") || other.equals("0.0.0.0");
    }

    private static void bind(PublishedPort port) {
        try {
            InetSocketAddress address = new InetSocketAddress(InetAddress.ofLiteral(port.address()), port.host());
            if (port.protocol().equals("udp")) {
                DatagramSocket socket = new DatagramSocket(null);
                try (socket) {
                    socket.bind(address);
                }
            } else {
                ServerSocket socket = new ServerSocket();
                try (socket) {
                    socket.bind(address);
                }
            }
        } catch (IOException e) {
            throw explain(port, String.valueOf(e.getMessage()), e);
        }
    }

    private static Failure explain(PublishedPort port, String message, IOException e) {
        if (message.contains("Permission denied")) {
            return new Failure(Failure.Kind.UNAVAILABLE, "this user may not listen on host port " + port.host(),
                    "ports below 1024 need root; publish another one, as in -p 8080:" + port.guest(), e);
        }
        if (message.contains("assign requested address")) {
            return new Failure(Failure.Kind.BAD_INPUT, port.address() + " is not an address of this host",
                    "ip address lists those it has", e);
        }
        if (message.contains("in use")) {
            return taken(port, holder(port).orElse("another process"), "stop it, or publish another port, as in -p "
                    + (port.host() < 65_000 ? port.host() + 1 : 8080) + ":" + port.guest());
        }
        return new Failure(Failure.Kind.UNAVAILABLE, "cannot listen on " + port.address() + ":" + port.host() + ": "
                + message, "", e);
    }

    private static Failure taken(PublishedPort port, String who, String hint) {
        return new Failure(Failure.Kind.CONFLICT, "host port " + port.host() + "/" + port.protocol()
                + " is in use by " + who, hint);
    }

    /** "nginx (process 812)", as far as this user may look. */
    static Optional<String> holder(PublishedPort port) {
        for (String table : List.of(port.protocol(), port.protocol() + "6")) {
            try {
                for (String line : Files.readAllLines(Path.of("/proc/net", table))) {
                    String inode = inodeOf(line, port);
                    if (inode != null) {
                        return process("socket:[" + inode + "]");
                    }
                }
            } catch (IOException e) {
                // A kernel without IPv6 has no such table.
                continue;
            }
        }
        return Optional.empty();
    }

    /** The inode of a line of /proc/net/tcp (proc(5)) that holds the port; else null. */
    static String inodeOf(String line, PublishedPort port) {
        String[] fields = line.strip().split("\\s+");
        if (fields.length < 10 || !fields[1].contains(":")) {
            return null;
        }
        String wanted = port.protocol().equals("tcp") ? TCP_LISTEN : UDP_OPEN;
        String hex = fields[1].substring(fields[1].lastIndexOf(':') + 1);
        return fields[3].equals(wanted) && Integer.parseInt(hex, 16) == port.host() ? fields[9] : null;
    }

    private static Optional<String> process(String link) throws IOException {
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                if (holds(process.resolve("fd"), link)) {
                    String name = Files.readString(process.resolve("comm"), StandardCharsets.ISO_8859_1).strip();
                    return Optional.of(name + " (process " + process.getFileName() + ")");
                }
            }
        }
        return Optional.empty();
    }

    private static boolean holds(Path descriptors, String link) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(descriptors)) {
            for (Path file : files) {
                if (Files.readSymbolicLink(file).toString().equals(link)) {
                    return true;
                }
            }
        } catch (IOException | java.nio.file.DirectoryIteratorException e) {
            // Another user's, or gone meanwhile.
            return false;
        }
        return false;
    }
}
