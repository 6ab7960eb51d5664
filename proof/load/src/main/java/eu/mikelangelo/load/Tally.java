package eu.mikelangelo.load;

/** What was counted, of one run. One owner. */
final class Tally {
    long gets;
    long sets;
    long hits;
    long misses;
    /** Answers ERROR, CLIENT_ERROR, SERVER_ERROR. */
    long errors;
    /** Answers that are not what was asked: another key, length or value, or nothing of the protocol. */
    long wrong;
    /** Connections that ended without our doing. */
    long lost;
    /** Connections that we tore down, and requests that were under way on them. */
    long kills;
    long abandoned;
    /** Open loop: operations that were still not sent when the time was over. */
    long unsent;
    final Latencies latencies = new Latencies();
    /** The first answer that counted as error or wrong, for the report. */
    String firstComplaint;

    void clear() {
        gets = 0;
        sets = 0;
        hits = 0;
        misses = 0;
        errors = 0;
        wrong = 0;
        lost = 0;
        kills = 0;
        abandoned = 0;
        unsent = 0;
        latencies.clear();
        firstComplaint = null;
    }

    long operations() {
        return gets + sets;
    }

    boolean clean() {
        return errors == 0 && wrong == 0 && lost == 0;
    }
}
