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

    /** Around picocli's function, which knows words and options: names of machines and images, asked of mike itself. */
    private static final String NAMES = """

            function _mike_with_names() {
              local cur=${COMP_WORDS[COMP_CWORD]} names=
              if (( COMP_CWORD >= 2 )) && [[ $cur != -* ]]; then
                case ${COMP_WORDS[1]} in
                  console|exec|inspect|kill|logs|stop) names=$("${COMP_WORDS[0]}" ps -q 2> /dev/null) ;;
                  rm|start|wait) names=$("${COMP_WORDS[0]}" ps -aq 2> /dev/null) ;;
                  cp) compopt -o nospace; names=$("${COMP_WORDS[0]}" ps -q 2> /dev/null | sed 's/$/:/') ;;
                  run) [[ $cur == */* || ${COMP_WORDS[COMP_CWORD-1]} == -* ]] \
                      || names=$("${COMP_WORDS[0]}" images -q 2> /dev/null) ;;
                  image) (( COMP_CWORD < 3 )) || names=$("${COMP_WORDS[0]}" images -q 2> /dev/null) ;;
                esac
                if [[ -n $names ]]; then
                  COMPREPLY=($(compgen -W "$names" -- "$cur"))
                  (( ${#COMPREPLY[@]} > 0 )) && return 0
                fi
              fi
              _complete_mike
            }
            complete -F _mike_with_names -o default mike
            """;

    @Parameters(paramLabel = "SHELL", description = "bash; zsh reads it after bashcompinit.")
    Shell shell;

    CompletionCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() {
        CommandLine all = Main.commandLine(context, "");
        context.out().print(AutoComplete.bash("mike", all));
        context.out().print(NAMES);
        return OK;
    }
}
