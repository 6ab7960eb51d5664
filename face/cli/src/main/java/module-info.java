/** mike: one command per class. */
module eu.mikelangelo.cli {
    requires eu.mikelangelo.agent;
    requires info.picocli;
    requires jdk.unsupported;
    // picocli sets annotated fields.
    opens eu.mikelangelo.cli to info.picocli;
}
