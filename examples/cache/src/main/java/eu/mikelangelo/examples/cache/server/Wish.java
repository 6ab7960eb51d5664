package eu.mikelangelo.examples.cache.server;

/** Somebody who may have to wait for a large buffer; what {@link Lender} keeps of it. One shard's alone. */
abstract class Wish {
    long sinceNs;
    boolean waiting;
    /** It has waited long enough: the next refusal is final. */
    boolean inVain;

    /** There may be a buffer, or there is none: it is to ask again. */
    abstract void askAgain();
}
