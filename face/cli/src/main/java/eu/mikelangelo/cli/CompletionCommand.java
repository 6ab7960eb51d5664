package eu.mikelangelo.cli;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "completion", description = "%nPrint a completion script for a shell.",
        optionListHeading = "%nOptions:%n", parameterListHeading = "%nParameters:%n",
        footerHeading = "%nExamples:%n",
        footer = {"  source <(mike completion bash)",
            "  mike completion bash > ~/.local/share/bash-completion/completions/mike"})
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
