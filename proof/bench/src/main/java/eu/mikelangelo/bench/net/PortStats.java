package eu.mikelangelo.bench.net;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What testpmd says of a port. Its rate is exact: packets between two readings of the counter, over the time between
 * two readings of CLOCK_MONOTONIC right behind them, both in testpmd itself (testpmd's config.c, nic_stats_display).
 *
 * @param rxPackets since the port was started
 * @param txPackets since the port was started
 * @param rxPerSecond since the last time it was asked
 */
record PortStats(long rxPackets, long txPackets, long rxPerSecond) {
    private static final Pattern PORT = Pattern.compile("statistics for port \\d+.*?RX-packets:\\s*(\\d+).*?"
            + "TX-packets:\\s*(\\d+).*?Rx-pps:\\s*(\\d+)", Pattern.DOTALL);
    private static final String END = ".*?Tx-pps:[^\\n]*\\n\\s*#";
    /** The whole answer about two ports. */
    static final Pattern TWO_PORTS = Pattern.compile("\\A" + END + END, Pattern.DOTALL);

    /** @param answer to {@code show port stats all}. @return a port each */
    static List<PortStats> parse(String answer) {
        List<PortStats> ports = new ArrayList<>();
        for (Matcher port = PORT.matcher(answer); port.find();) {
            ports.add(new PortStats(Long.parseLong(port.group(1)), Long.parseLong(port.group(2)),
                    Long.parseLong(port.group(3))));
        }
        return ports;
    }
}
