package eu.mikelangelo.plane.api;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInput;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Messages to bytes and back. Stateless. A body is what follows the length: u8 type, then the fields. */
public final class Wire {
    /** The version that {@link Request.Hello} and {@link Response.Welcome} carry; others are refused. */
    public static final int VERSION = 2;
    /** Most bytes of a request's body. */
    public static final int MAX_REQUEST = 65_536;
    /** Most bytes of a response's body: counters of a thousand ports fit, and a {@link Response.Captured}. */
    public static final int MAX_RESPONSE = 4 << 20;
    /** Most elements of a list in a response. */
    public static final int MAX_LIST = 1_024;

    private Wire() {}

    private interface Writer {
        void write(DataOutputStream out) throws IOException;
    }

    /** The whole frame of a request: length, type, fields. */
    public static byte[] encode(Request request) {
        return frame(MAX_REQUEST, out -> {
            switch (request) {
                case Request.Hello hello -> {
                    out.writeByte(1);
                    out.writeInt(hello.version());
                    out.writeUTF(hello.build());
                }
                case Request.Register register -> {
                    out.writeByte(2);
                    out.writeShort(register.command().size());
                    for (String word : register.command()) {
                        out.writeUTF(word);
                    }
                    out.writeUTF(register.home());
                }
                case Request.Bye bye -> out.writeByte(3);
                case Request.AddPort add -> {
                    out.writeByte(4);
                    writePort(out, add.port());
                }
                case Request.RemovePort remove -> {
                    out.writeByte(5);
                    out.writeUTF(remove.name());
                }
                case Request.ListPorts list -> out.writeByte(6);
                case Request.GetStats stats -> {
                    out.writeByte(7);
                    out.writeUTF(stats.name());
                }
                case Request.GetCores cores -> out.writeByte(8);
                case Request.Shutdown shutdown -> out.writeByte(9);
                case Request.StartCapture capture -> {
                    out.writeByte(10);
                    out.writeUTF(capture.name());
                    out.writeInt(capture.snap());
                }
                case Request.ReadCapture read -> {
                    out.writeByte(11);
                    out.writeInt(read.most());
                    out.writeInt(read.waitMs());
                }
            }
        });
    }

    /** @throws IOException when the body is not a request: type, lengths, values */
    public static Request decodeRequest(byte[] body) throws IOException {
        return decode(body, (type, in) -> switch (type) {
            case 1 -> new Request.Hello(in.readInt(), in.readUTF());
            case 2 -> {
                int words = in.readUnsignedShort();
                if (words > Request.Register.MAX_WORDS) {
                    throw new IOException("a command of " + words + " words");
                }
                List<String> command = new ArrayList<>(words);
                for (int i = 0; i < words; i++) {
                    command.add(in.readUTF());
                }
                yield new Request.Register(command, in.readUTF());
            }
            case 3 -> new Request.Bye();
            case 4 -> new Request.AddPort(readPort(in));
            case 5 -> new Request.RemovePort(in.readUTF());
            case 6 -> new Request.ListPorts();
            case 7 -> new Request.GetStats(in.readUTF());
            case 8 -> new Request.GetCores();
            case 9 -> new Request.Shutdown();
            case 10 -> new Request.StartCapture(in.readUTF(), in.readInt());
            case 11 -> new Request.ReadCapture(in.readInt(), in.readInt());
            default -> throw new IOException("request type " + type + " is unknown");
        });
    }

    /**
     * The whole frame of a response: length, type, fields.
     *
     * @throws IllegalArgumentException when it is too long for a frame
     */
    public static byte[] encode(Response response) {
        return frame(MAX_RESPONSE, out -> {
            switch (response) {
                case Response.Welcome welcome -> {
                    out.writeByte(1);
                    out.writeInt(welcome.version());
                    out.writeUTF(welcome.build());
                    out.writeLong(welcome.pid());
                }
                case Response.Done done -> out.writeByte(2);
                case Response.Refused refused -> {
                    out.writeByte(3);
                    out.writeUTF(refused.message());
                    out.writeUTF(refused.hint());
                }
                case Response.Ports ports -> {
                    out.writeByte(4);
                    out.writeShort(ports.ports().size());
                    for (PortSpec port : ports.ports()) {
                        writePort(out, port);
                    }
                }
                case Response.Stats stats -> {
                    out.writeByte(5);
                    StatsCodec.write(out, stats);
                }
                case Response.Cores cores -> {
                    out.writeByte(6);
                    StatsCodec.writeCores(out, cores.cores());
                }
                case Response.Captured captured -> {
                    out.writeByte(7);
                    out.writeInt(captured.frames());
                    out.writeLong(captured.lost());
                    out.writeBoolean(captured.ended());
                    out.writeInt(captured.records().length);
                    out.write(captured.records());
                }
            }
        });
    }

    /** @throws IOException when the body is not a response */
    public static Response decodeResponse(byte[] body) throws IOException {
        return decode(body, (type, in) -> switch (type) {
            case 1 -> new Response.Welcome(in.readInt(), in.readUTF(), in.readLong());
            case 2 -> new Response.Done();
            case 3 -> new Response.Refused(in.readUTF(), in.readUTF());
            case 4 -> new Response.Ports(readList(in, Wire::readPort));
            case 5 -> StatsCodec.read(in);
            case 6 -> new Response.Cores(StatsCodec.readCores(in));
            case 7 -> readCaptured(in);
            default -> throw new IOException("response type " + type + " is unknown");
        });
    }

    private static void writePort(DataOutputStream out, PortSpec port) throws IOException {
        out.writeUTF(port.name());
        out.writeUTF(port.vhostSocket());
        out.writeBoolean(port.server());
        out.writeUTF(port.mac());
        out.writeUTF(port.ipv4());
        out.writeUTF(port.gatewayMac());
        out.writeUTF(port.gatewayIp());
        out.writeUTF(port.uplinkSocket());
        out.writeUTF(port.host());
        out.writeUTF(NetRulesText.of(port.rules()));
    }

    private static PortSpec readPort(DataInput in) throws IOException {
        return new PortSpec(in.readUTF(), in.readUTF(), in.readBoolean(), in.readUTF(), in.readUTF(), in.readUTF(),
                in.readUTF(), in.readUTF(), in.readUTF(), NetRulesText.parse(in.readUTF()));
    }

    private static Response.Captured readCaptured(DataInput in) throws IOException {
        int frames = in.readInt();
        long lost = in.readLong();
        boolean ended = in.readBoolean();
        int length = in.readInt();
        if (length < 0 || length > Response.Captured.MAX_BYTES) {
            throw new IOException(length + " captured bytes");
        }
        byte[] records = new byte[length];
        in.readFully(records);
        return new Response.Captured(records, frames, lost, ended);
    }

    /** Reads one element. */
    interface Reader<T> {
        T read(DataInput in) throws IOException;
    }

    private interface TypedReader<T> {
        T read(int type, DataInput in) throws IOException;
    }

    static <T> List<T> readList(DataInput in, Reader<T> reader) throws IOException {
        int count = in.readUnsignedShort();
        if (count > MAX_LIST) {
            throw new IOException("a list of " + count + " elements");
        }
        List<T> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(reader.read(in));
        }
        return list;
    }

    private static <T> T decode(byte[] body, TypedReader<T> reader) throws IOException {
        ByteArrayInputStream bytes = new ByteArrayInputStream(body);
        DataInputStream in = new DataInputStream(bytes);
        try {
            T value = reader.read(in.readUnsignedByte(), in);
            if (bytes.available() > 0) {
                throw new IOException(bytes.available() + " bytes too many");
            }
            return value;
        } catch (IllegalArgumentException unfit) {
            throw new IOException(unfit.getMessage(), unfit);
        }
    }

    private static byte[] frame(int limit, Writer writer) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(0);
            writer.write(out);
        } catch (IOException tooLong) {
            // A string of more than 65,535 bytes (UTFDataFormatException); nothing else can fail in memory.
            throw new IllegalArgumentException(tooLong);
        }
        byte[] frame = bytes.toByteArray();
        int length = frame.length - Integer.BYTES;
        if (length > limit) {
            throw new IllegalArgumentException("a message of " + length + " bytes, at most " + limit + " are possible");
        }
        ByteBuffer.wrap(frame).putInt(0, length);
        return frame;
    }
}
