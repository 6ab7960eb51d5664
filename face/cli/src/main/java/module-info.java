/** mike: one command per class. */
module eu.mikelangelo.cli {
    requires eu.mikelangelo.agent;
    requires info.picocli;
    requires tools.jackson.databind;
}
