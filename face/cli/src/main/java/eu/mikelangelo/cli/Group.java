package eu.mikelangelo.cli;

import picocli.CommandLine.Command;

/** Commands that only hold others: without one of them, they show their help. */
abstract class Group extends Verb {
    Group(Context context) {
        super(context);
    }

    @Override
    public Integer call() {
        spec.commandLine().usage(context.err());
        return USAGE;
    }

    @Command(name = "image", synopsisSubcommandLabel = "COMMAND", description = "Look at and remove images.",
            footer = {"  mike image ls", "  mike image inspect memcached", "  mike image rm memcached"})
    static final class Image extends Group {
        Image(Context context) {
            super(context);
        }
    }

    @Command(name = "agent", synopsisSubcommandLabel = "COMMAND",
            description = "The process behind mike. Commands start it by themselves.",
            footer = {"  mike agent status", "  mike agent stop      machines live on"})
    static final class Agent extends Group {
        Agent(Context context) {
            super(context);
        }
    }

    @Command(name = "io", synopsisSubcommandLabel = "COMMAND", description = {"The I/O plane.",
        "It is the process that serves the network cards of machines over vhost-user and switches between them.",
        "For the machines of mike run it works by itself; io serve runs it for others: QEMU, libvirt, DPDK's testpmd, "
            + "Open vSwitch. docs/network.md has lines for each."},
            footer = {"  mike io top               a screen that shows who moves what", "  mike io stats web",
                "  mike io stats --json | jq '.ports[] | {name, drops}'",
                "  mike io serve --net /run/vm/net0.sock,server --net /run/vm/net1.sock,server"})
    static final class Io extends Group {
        Io(Context context) {
            super(context);
        }
    }

    @Command(name = "net", synopsisSubcommandLabel = "COMMAND", description = {"The network between machines.",
        "What a machine's card may do is said when it is made (mike run --net RULES), what it does is shown by mike io "
            + "stats and mike io top. docs/network.md tells all of it."},
            footer = {"  mike net capture web -w web.pcap", "  mike run -d --net vlan=10,rate=100M memcached",
                "  mike io stats memcached"})
    static final class Net extends Group {
        Net(Context context) {
            super(context);
        }
    }
}
