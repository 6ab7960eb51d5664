package eu.mikelangelo.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine;

@Command(name = "completion", description = "Print a completion script for a shell.",
        footer = {"  mike completion bash > ~/.local/share/bash-completion/completions/mike",
            "  source <(mike completion bash)     for this shell only"})
final class CompletionCommand extends Verb {
    enum Shell { bash }

    @Parameters(paramLabel = "SHELL", description = "bash; zsh reads it after bashcompinit.")
    Shell shell;

    CompletionCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() {
        CommandLine all = Main.commandLine(context, "");
        context.out().print(AutoComplete.bash("mike", all));
        return OK;
    }
}
