package eu.mikelangelo.cli.machine;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Json;
import eu.mikelangelo.agent.api.Sizes;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Show;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "inspect", description = "Show everything about a machine.",
        footer = {"  mike inspect memcached", "  mike inspect memcached --json | jq .io"})
public final class InspectCommand extends Verb.WithJson {
    private static final int LABEL_WIDTH = 14;

    @Parameters(paramLabel = "NAME", description = "The machine.")
    String name;

    public InspectCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        Fields machine = context.agent().with(agent -> agent.get("/v1/machines/" + ApiClient.encode(name)));
        if (json) {
            printJson(machine);
        } else {
            context.out().print(text(machine));
        }
        return OK;
    }

    private static String text(Fields machine) {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, Object> member : machine.members().entrySet()) {
            String value = switch (member.getKey()) {
                case "state" -> Show.state(machine);
                case "ports" -> Show.ports(machine);
                case "memory" -> Sizes.human(machine.integer("memory", 0));
                case "uptimeSeconds" -> Sizes.duration(machine.integer("uptimeSeconds", 0));
                default -> plain(member.getValue());
            };
            if (!member.getKey().equals("exit") && !value.isEmpty()) {
                text.append(String.format("%-" + LABEL_WIDTH + "s%s%n", label(member.getKey()) + ":", value));
            }
        }
        return text.toString();
    }

    private static String label(String member) {
        return member.equals("uptimeSeconds") ? "uptime" : member;
    }

    private static String plain(Object value) {
        return switch (value) {
            case null -> "";
            case List<?> list -> String.join(" ", list.stream().map(InspectCommand::plain).toList());
            case Map<?, ?> map -> String.join(", ",
                    map.entrySet().stream().map(entry -> entry.getKey() + " " + plain(entry.getValue())).toList());
            case String text -> text;
            default -> Json.write(value);
        };
    }
}
