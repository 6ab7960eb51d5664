package eu.mikelangelo.vhost;

/**
 * What becomes of a request.
 *
 * @param why for people; empty when it was done
 */
record Verdict(Kind kind, String why) {
    enum Kind {
        /** It was done. */
        DONE,
        /** It was not done, which changed nothing: a front-end that asked is told so, and the session goes on. */
        DECLINED,
        /** The session ends. */
        BROKEN
    }

    static final Verdict DONE = new Verdict(Kind.DONE, "");

    static Verdict declined(String why) {
        return new Verdict(Kind.DECLINED, why);
    }

    static Verdict broken(String why) {
        return new Verdict(Kind.BROKEN, why);
    }
}
