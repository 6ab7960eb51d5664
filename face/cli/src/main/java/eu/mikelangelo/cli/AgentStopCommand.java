package eu.mikelangelo.cli;

import java.io.IOException;
import java.util.Map;
import picocli.CommandLine.Command;

@Command(name = "stop", description = {"End the agent. Machines live on, and so does the plane while they do.",
    "The next command starts the agent again, and it takes its machines back."},
        footer = {"  mike agent stop", "  mike rm -f $(mike ps -aq) && mike agent stop     leave nothing"})
final class AgentStopCommand extends Verb {
    private static final int DEADLINE_MILLIS = 15_000;
    private static final int POLL_MILLIS = 10;

    AgentStopCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        if (!context.agent().present().reachable()) {
            print("the agent does not run");
            return OK;
        }
        long pid = context.agent().present().call("POST", "/v1/shutdown", Map.of()).integer("pid", 0);
        boolean gone = false;
        for (int waited = 0; !gone && waited < DEADLINE_MILLIS; waited += POLL_MILLIS) {
            gone = ProcessHandle.of(pid).isEmpty();
            pause();
        }
        print(gone ? "stopped agent " + pid : "agent " + pid + " is still ending");
        return OK;
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
