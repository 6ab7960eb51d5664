package eu.mikelangelo.ioplane;

/** Something that a control thread asks of a core and waits for. The core runs it between two turns. */
abstract class Command {
    final Thread waiter = Thread.currentThread();
    /** Written by the core before {@link #done}. */
    RuntimeException failure;
    volatile boolean done;

    /** Runs on the core's thread. A {@link RuntimeException} is handed to the control thread. */
    abstract void run();
}
