package eu.mikelangelo.cli.host;

import eu.mikelangelo.agent.api.Launch;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "serve", description = {"Run the I/O plane in the foreground, without agent and machines.",
    "All ports share one switch. With \",server\" the plane listens on the socket, without it connects and reconnects.",
    "RULE: vlan=N, trunk=N+N-M, native=N, group=NAME, isolated, promiscuous, machine=NAME, copies=N, queues=N; limits: "
        + "rate=BITS, pps=FRAMES, burst=BYTES for what a port sends, rx-rate... for what it is sent, machine-rate..., "
        + "machine-rx-rate... for all ports of its machine, storm-rate... for floods. BITS and FRAMES are a second: "
        + "800, 500k, 10M.",
    "With --control it tells its statistics at that socket: mike io top --control.",
    "Prints \"ready\"; SIGTERM ends it."}, footer = {"  mike io serve --net /run/vm/net0.sock,server",
            "  mike io serve --net /run/vm/a.sock --net /run/vm/b.sock",
            "  mike io serve --net /run/vm/a.sock --tap tap0 --interface eth1",
            "  mike io serve --net /run/vm/a.sock,vlan=10,rate=10M --tap tap0,trunk=10+20",
            "  mike io serve --net /run/vm/a.sock,server --control /run/vm/plane.sock",
            "", "What to type on the other side (QEMU, libvirt, testpmd, Open vSwitch): docs/network.md"})
public final class IoServeCommand extends Verb {
    @Parameters(paramLabel = "OPTION", arity = "0..*",
            description = {"--net SOCKET[,server][,sealed][,mac=MAC+MAC...][,RULE...], a machine's card;",
                "--tap NAME[,RULE...], a TAP device of the host, made when there is none;",
                "--interface NAME[,RULE...], a network card of the host (needs CAP_NET_RAW); each as often as needed;",
                "--cpu N: the CPU that the switch has to itself;",
                "--control SOCKET: where it tells its statistics."})
    List<String> options = new ArrayList<>();

    public IoServeCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() {
        List<String> command = new ArrayList<>(context.launch().planeJvm());
        command.addAll(List.of("io", "serve"));
        command.addAll(options);
        throw Exec.replace(command, Launch.environment(context.env()));
    }
}
