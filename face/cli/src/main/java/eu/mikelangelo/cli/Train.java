package eu.mikelangelo.cli;

/**
 * Not a command: what scripts/train.sh runs so that the AOT cache holds what a command line usually loads. Needs no
 * network; commands that are meant to fail only take their way up to the agent's answer.
 */
public final class Train {
    private static final String[][] COMMANDS = {
        {"ps"}, {"ps", "-a", "--json"}, {"images"}, {"agent", "status"}, {"run", "--help"},
        {"run", "-d", "--name", "train", "-p", "1:1", "-m", "256M", "--env", "A=b", "/no-such-folder"},
        {"run", "./no-such-folder"}, {"compose", "/no-such-folder", "-o", "/no-such-folder/x"},
        {"inspect", "train", "--json"}, {"logs", "train"}, {"stop", "train"}, {"rm", "-f", "train"},
        {"agent", "stop"},
    };

    private Train() { }

    public static void main(String[] args) {
        for (String[] command : COMMANDS) {
            Main.run(Context.ofProcess(), command);
        }
    }
}
