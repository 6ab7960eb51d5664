package eu.mikelangelo.cli.host;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import eu.mikelangelo.cli.machine.PsCommand;
import java.io.IOException;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "stop", description = {"End the agent. Machines live on, and so does the plane while they do.",
    "The next command starts the agent again, and it takes its machines back."},
        footer = {"  mike agent stop", "  mike agent stop --all     nothing of ours runs afterwards"})
public final class AgentStopCommand extends Verb {
    private static final int DEADLINE_MILLIS = 20_000;
    private static final int POLL_MILLIS = 10;

    @Option(names = "--all",
            description = "Kill every machine as well, and end the plane. Machines stay in mike ps -a.")
    boolean all;

    public AgentStopCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        ApiClient agent = context.agent().present();
        boolean planeLives = new ApiClient(context.launch().home().planeSocket(), "").reachable();
        if (!agent.reachable() && !(all && planeLives)) {
            print("the agent does not run");
            return OK;
        }
        if (all) {
            killMachines();
        }
        // A successor that another command starts meanwhile must not be the one that ends.
        Fields about = agent.get("/v1");
        long pid = about.integer("pid", 0);
        agent.call("POST", "/v1/shutdown", Map.of("pid", pid));
        boolean gone = awaitEnd(pid) && (!all || awaitEnd(about.object("plane").integer("pid", 0)));
        print(gone ? "stopped agent " + pid : "agent " + pid + " is still ending");
        return OK;
    }

    /** Through an agent of this build, which is started if need be: only it knows the machines. */
    private void killMachines() throws IOException {
        for (Fields machine : context.agent().with(agent -> agent.get("/v1/machines")).objects("machines")) {
            String name = machine.string("name", "");
            // A machine whose files are damaged has failed, and its QEMU may run.
            if (PsCommand.live(machine.string("state", "")) || machine.integer("pid", 0) != 0) {
                try {
                    context.agent().with(agent -> agent.call("POST", "/v1/machines/" + ApiClient.encode(name) + "/kill",
                            Map.of()));
                } catch (Failure failure) {
                    context.complain(failure.getMessage());
                }
            }
        }
    }

    private static boolean awaitEnd(long pid) {
        for (int waited = 0; waited < DEADLINE_MILLIS; waited += POLL_MILLIS) {
            if (ProcessHandle.of(pid).isEmpty()) {
                return true;
            }
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return false;
    }
}
