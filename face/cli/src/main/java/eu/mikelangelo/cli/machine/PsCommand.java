package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Sizes;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Show;
import eu.mikelangelo.cli.Table;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "ps", description = "List the machines that run.",
        footer = {"  mike ps", "  mike ps -a            those that ended as well", "  mike rm $(mike ps -aq)"})
public final class PsCommand extends Verb.WithJson {
    @Option(names = {"-a", "--all"}, description = "Also machines that ended or never started.")
    boolean all;

    @Option(names = {"-q", "--quiet"}, description = "Print names only.")
    boolean quiet;

    public PsCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        List<Fields> machines = new ArrayList<>();
        for (Fields machine : context.agent().with(agent -> agent.get("/v1/machines")).objects("machines")) {
            if (all || live(machine.string("state", ""))) {
                machines.add(machine);
            }
        }
        if (json) {
            printJson(machines.stream().map(Fields::members).toList());
        } else if (quiet) {
            machines.forEach(machine -> print(machine.string("name", "")));
        } else {
            table(machines).print(context);
        }
        return OK;
    }

    /** Whether a machine in this state may have a process. */
    public static boolean live(String state) {
        return state.equals("running") || state.equals("starting") || state.equals("stopping");
    }

    private static Table table(List<Fields> machines) {
        Table table = new Table("NAME", "IMAGE", "STATE", "PORTS", "MEMORY", "UPTIME");
        for (Fields machine : machines) {
            table.row(machine.string("name", ""), machine.string("image", ""), Show.state(machine),
                    Show.ports(machine), Sizes.human(machine.integer("memory", 0)),
                    machine.has("uptimeSeconds") ? Sizes.duration(machine.integer("uptimeSeconds", 0)) : "-");
        }
        return table;
    }
}
