/** mike: one command per class. */
module eu.mikelangelo.cli {
    requires eu.mikelangelo.agent;
    requires info.picocli;
    requires jdk.unsupported;
    requires org.jline.terminal;
    // picocli sets annotated fields.
    opens eu.mikelangelo.cli to info.picocli;
    opens eu.mikelangelo.cli.host to info.picocli;
    opens eu.mikelangelo.cli.image to info.picocli;
    opens eu.mikelangelo.cli.io to info.picocli;
    opens eu.mikelangelo.cli.machine to info.picocli;
}
