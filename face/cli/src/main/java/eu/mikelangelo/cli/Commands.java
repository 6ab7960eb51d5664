package eu.mikelangelo.cli;

import eu.mikelangelo.cli.host.AgentStartCommand;
import eu.mikelangelo.cli.host.AgentStatusCommand;
import eu.mikelangelo.cli.host.AgentStopCommand;
import eu.mikelangelo.cli.host.DoctorCommand;
import eu.mikelangelo.cli.host.IoServeCommand;
import eu.mikelangelo.cli.host.VersionCommand;
import eu.mikelangelo.cli.image.ComposeCommand;
import eu.mikelangelo.cli.image.ImageInspectCommand;
import eu.mikelangelo.cli.image.ImageRmCommand;
import eu.mikelangelo.cli.image.ImagesCommand;
import eu.mikelangelo.cli.io.IoStatsCommand;
import eu.mikelangelo.cli.io.IoTopCommand;
import eu.mikelangelo.cli.io.NetCaptureCommand;
import eu.mikelangelo.cli.machine.ConsoleCommand;
import eu.mikelangelo.cli.machine.CpCommand;
import eu.mikelangelo.cli.machine.ExecCommand;
import eu.mikelangelo.cli.machine.InspectCommand;
import eu.mikelangelo.cli.machine.KillCommand;
import eu.mikelangelo.cli.machine.LogsCommand;
import eu.mikelangelo.cli.machine.PsCommand;
import eu.mikelangelo.cli.machine.RmCommand;
import eu.mikelangelo.cli.machine.RunCommand;
import eu.mikelangelo.cli.machine.StartCommand;
import eu.mikelangelo.cli.machine.StopCommand;
import eu.mikelangelo.cli.machine.WaitCommand;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import picocli.CommandLine;

/** The commands by name, in the order of {@code mike --help}. A class is loaded when its command is asked for. */
final class Commands {
    private static final Map<String, Function<Context, CommandLine>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("run", context -> new CommandLine(new RunCommand(context)));
        ALL.put("ps", context -> new CommandLine(new PsCommand(context)));
        ALL.put("logs", context -> new CommandLine(new LogsCommand(context)));
        ALL.put("console", context -> new CommandLine(new ConsoleCommand(context)));
        ALL.put("inspect", context -> new CommandLine(new InspectCommand(context)));
        ALL.put("stop", context -> new CommandLine(new StopCommand(context)));
        ALL.put("start", context -> new CommandLine(new StartCommand(context)));
        ALL.put("kill", context -> new CommandLine(new KillCommand(context)));
        ALL.put("rm", context -> new CommandLine(new RmCommand(context)));
        ALL.put("wait", context -> new CommandLine(new WaitCommand(context)));
        ALL.put("exec", context -> new CommandLine(new ExecCommand(context)).setStopAtPositional(true));
        ALL.put("cp", context -> new CommandLine(new CpCommand(context)));
        ALL.put("compose", context -> new CommandLine(new ComposeCommand(context)));
        ALL.put("images", context -> new CommandLine(new ImagesCommand(context)));
        ALL.put("image", Commands::image);
        ALL.put("agent", Commands::agent);
        ALL.put("io", Commands::io);
        ALL.put("net", Commands::net);
        ALL.put("doctor", context -> new CommandLine(new DoctorCommand(context)));
        ALL.put("version", context -> new CommandLine(new VersionCommand(context)));
        ALL.put("completion", context -> new CommandLine(new CompletionCommand(context)));
    }

    private static final int NAME_WIDTH = "completion".length() + 2;
    /** {@code mike --help} shows them so. */
    private static final Map<String, List<String>> GROUPS = new LinkedHashMap<>();

    static {
        GROUPS.put("Machines", List.of("run", "ps", "stop", "start", "kill", "rm", "wait"));
        GROUPS.put("Inside a machine", List.of("logs", "console", "exec", "cp", "inspect"));
        GROUPS.put("Images", List.of("compose", "images", "image"));
        GROUPS.put("This host", List.of("doctor", "agent", "io", "net", "version", "completion"));
    }

    private Commands() { }

    static Set<String> names() {
        return ALL.keySet();
    }

    /** The command list of a help page: in groups for mike itself, plain for the others. */
    static String list(CommandLine.Help help) {
        if (!help.subcommands().keySet().containsAll(ALL.keySet())) {
            return help.commandList();
        }
        StringBuilder text = new StringBuilder();
        GROUPS.forEach((group, names) -> {
            text.append(text.isEmpty() ? "" : System.lineSeparator());
            text.append(help.colorScheme().ansi().string("@|bold " + group + ":|@")).append(System.lineSeparator());
            for (String name : names) {
                String[] about = help.subcommands().get(name).commandSpec().usageMessage().description();
                text.append("  ").append(help.colorScheme().commandText(name)).append(" ".repeat(NAME_WIDTH
                        - name.length())).append(about[0]).append(System.lineSeparator());
            }
        });
        return text.toString();
    }

    /** Adds one command; false when there is none of the name. */
    static boolean add(CommandLine to, Context context, String name) {
        Function<Context, CommandLine> maker = ALL.get(name);
        if (maker == null) {
            return false;
        }
        to.addSubcommand(name, maker.apply(context));
        return true;
    }

    static void addAll(CommandLine to, Context context) {
        ALL.forEach((name, maker) -> to.addSubcommand(name, maker.apply(context)));
    }

    private static CommandLine image(Context context) {
        return new CommandLine(new Group.Image(context))
                .addSubcommand("ls", new CommandLine(new ImagesCommand(context)))
                .addSubcommand("inspect", new CommandLine(new ImageInspectCommand(context)))
                .addSubcommand("rm", new CommandLine(new ImageRmCommand(context)));
    }

    private static CommandLine agent(Context context) {
        return new CommandLine(new Group.Agent(context))
                .addSubcommand("start", new CommandLine(new AgentStartCommand(context)))
                .addSubcommand("stop", new CommandLine(new AgentStopCommand(context)))
                .addSubcommand("status", new CommandLine(new AgentStatusCommand(context)));
    }

    private static CommandLine io(Context context) {
        return new CommandLine(new Group.Io(context))
                .addSubcommand("serve", new CommandLine(new IoServeCommand(context)).setUnmatchedArgumentsAllowed(true)
                        .setUnmatchedOptionsArePositionalParams(true))
                .addSubcommand("stats", new CommandLine(new IoStatsCommand(context)))
                .addSubcommand("top", new CommandLine(new IoTopCommand(context)));
    }

    private static CommandLine net(Context context) {
        return new CommandLine(new Group.Net(context))
                .addSubcommand("capture", new CommandLine(new NetCaptureCommand(context)));
    }
}
