package eu.mikelangelo.bench.net;

import eu.mikelangelo.base.GuestText;
import eu.mikelangelo.bench.PlainQemu;
import eu.mikelangelo.bench.Product;
import eu.mikelangelo.bench.net.room.Group;
import eu.mikelangelo.bench.net.room.Room;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A guest under QEMU typed by hand: the same kernel and image as ours, in a network like ours. */
record Guest(Product product, Path image, int number) {
    private static final String GATEWAY = "10.187.0.1";
    /** That of our machines (ARCHITECTURE.md, "Network"). */
    private static final int MTU = 65_520;

    String address() {
        return "10.187.1." + number;
    }

    String mac() {
        return "02:4d:00:00:01:0" + number;
    }

    /**
     * Starts it.
     *
     * @param before words before QEMU's own
     * @param netdev what follows {@code -netdev TYPE,id=n0}, the type first
     * @param start the start command; empty for the image's own
     */
    Group start(Room room, Path folder, List<String> before, String netdev, List<String> start) {
        GuestText run = new GuestText().line("hostname", "plain" + number)
                .line("net", "static", address() + "/16", GATEWAY, GATEWAY, String.valueOf(MTU));
        start.forEach(word -> run.line("arg", word));
        int comma = (netdev + ",").indexOf(',');
        List<String> network = List.of("-netdev", netdev.substring(0, comma) + ",id=n0" + netdev.substring(comma),
                "-device", "virtio-net-pci,netdev=n0,mac=" + mac());
        List<String> command = new ArrayList<>(before);
        command.addAll(PlainQemu.of(product, image, folder.resolve("initrd" + number), run.toString(), network)
                .command());
        return Group.start(room, folder, Map.of(), command);
    }
}
