package eu.mikelangelo.cli.host;

import eu.mikelangelo.agent.api.Version;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Verb;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;

@Command(name = "version", description = "Show the version.", footer = {"  mike version", "  mike version --json"})
public final class VersionCommand extends Verb.WithJson {
    public VersionCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() {
        Map<String, Object> version = new LinkedHashMap<>();
        version.put("version", Version.NUMBER);
        version.put("build", context.launch().build());
        version.put("java", System.getProperty("java.runtime.version"));
        if (json) {
            printJson(version);
        } else {
            print("mike " + version.get("version") + ", build " + version.get("build") + ", Java "
                    + version.get("java"));
        }
        return OK;
    }
}
