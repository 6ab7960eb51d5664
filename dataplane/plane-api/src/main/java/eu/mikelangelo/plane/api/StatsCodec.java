package eu.mikelangelo.plane.api;

import java.io.DataInput;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** {@link Response.Stats} to bytes and back; part of {@link Wire}. Stateless. */
final class StatsCodec {
    private StatsCodec() {}

    static void write(DataOutputStream out, Response.Stats stats) throws IOException {
        out.writeLong(stats.timeNs());
        writeCores(out, stats.cores());
        out.writeShort(stats.ports().size());
        for (PortStats port : stats.ports()) {
            writePort(out, port);
        }
    }

    static Response.Stats read(DataInput in) throws IOException {
        return new Response.Stats(in.readLong(), readCores(in), Wire.readList(in, StatsCodec::readPort));
    }

    static void writeCores(DataOutputStream out, List<CoreStats> cores) throws IOException {
        out.writeShort(cores.size());
        for (CoreStats core : cores) {
            out.writeInt(core.cpu());
            out.writeInt(core.ports());
            longs(out, core.upNs(), core.turns(), core.emptyTurns(), core.frames(), core.busyNs(), core.sleeps(),
                    core.asleepNs());
        }
    }

    static List<CoreStats> readCores(DataInput in) throws IOException {
        return Wire.readList(in, core -> new CoreStats(core.readInt(), core.readInt(), core.readLong(),
                core.readLong(), core.readLong(), core.readLong(), core.readLong(), core.readLong(), core.readLong()));
    }

    private static void writePort(DataOutputStream out, PortStats port) throws IOException {
        out.writeUTF(port.name());
        out.writeBoolean(port.connected());
        out.writeShort(port.ringsRunning());
        out.writeBoolean(port.uplinkConnected());
        longs(out, port.uplinkConnects(), port.uplinkBadFrames(), port.rxFrames(), port.txFrames(), port.rxBytes(),
                port.txBytes(), port.capturedFrames(), port.captureLost());
        writeDrops(out, port.drops());
        out.writeShort(port.queues().size());
        for (QueueStats queue : port.queues()) {
            out.writeBoolean(queue.receive());
            out.writeShort(queue.pair());
            longs(out, queue.frames(), queue.bytes(), queue.bursts(), queue.kicks(), queue.calls(),
                    queue.callsSuppressed(), queue.depthSum(), queue.depthMax());
            writeDrops(out, queue.drops());
        }
        writeLatency(out, port.latency());
        out.writeUTF(port.lastError());
    }

    private static PortStats readPort(DataInput in) throws IOException {
        return new PortStats(in.readUTF(), in.readBoolean(), in.readUnsignedShort(), in.readBoolean(), in.readLong(),
                in.readLong(), in.readLong(), in.readLong(), in.readLong(), in.readLong(), in.readLong(), in.readLong(),
                readDrops(in), Wire.readList(in, StatsCodec::readQueue), readLatency(in), in.readUTF());
    }

    private static QueueStats readQueue(DataInput in) throws IOException {
        return new QueueStats(in.readBoolean(), in.readUnsignedShort(), in.readLong(), in.readLong(), in.readLong(),
                in.readLong(), in.readLong(), in.readLong(), in.readLong(), in.readLong(), readDrops(in));
    }

    private static void writeDrops(DataOutputStream out, SequencedMap<String, Long> drops) throws IOException {
        out.writeByte(drops.size());
        for (var drop : drops.entrySet()) {
            out.writeUTF(drop.getKey());
            out.writeLong(drop.getValue());
        }
    }

    private static LinkedHashMap<String, Long> readDrops(DataInput in) throws IOException {
        int reasons = in.readUnsignedByte();
        LinkedHashMap<String, Long> drops = new LinkedHashMap<>();
        for (int i = 0; i < reasons; i++) {
            drops.put(in.readUTF(), in.readLong());
        }
        return drops;
    }

    private static void writeLatency(DataOutputStream out, LatencyStats latency) throws IOException {
        longs(out, latency.firstNs(), latency.sumNs(), latency.maxNs());
        out.writeByte(latency.counts().size());
        for (long count : latency.counts()) {
            out.writeLong(count);
        }
    }

    private static LatencyStats readLatency(DataInput in) throws IOException {
        long first = in.readLong();
        long sum = in.readLong();
        long max = in.readLong();
        int buckets = in.readUnsignedByte();
        List<Long> counts = new ArrayList<>();
        for (int i = 0; i < buckets; i++) {
            counts.add(in.readLong());
        }
        return new LatencyStats(first, sum, max, counts);
    }

    private static void longs(DataOutputStream out, long... values) throws IOException {
        for (long value : values) {
            out.writeLong(value);
        }
    }
}
