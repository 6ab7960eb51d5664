package eu.mikelangelo.bench.netty;

import eu.mikelangelo.examples.cache.Output;
import eu.mikelangelo.examples.cache.Protocol;
import eu.mikelangelo.examples.cache.Session;
import eu.mikelangelo.examples.cache.Staging;
import eu.mikelangelo.memory.Region;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * One connection. The session parses the buffers that Netty read into and answers into a pooled buffer of this
 * connection, of which slices are written: nothing is copied.
 */
final class NettyClient extends ChannelInboundHandlerAdapter {
    private static final int OUTPUT_BYTES = 64 << 10;
    private static final int KEPT_BYTES = 64 << 10;
    private final Staging staging;
    private final NettyRegions regions;
    private final Session session;
    private ByteBuf home;
    private Region homeRegion;
    private Output output;
    /** What was not consumed yet; null for nothing. */
    private ByteBuf kept;
    /** Bytes that Netty was given and has not sent. */
    private int underWay;
    private boolean paused;

    NettyClient(Protocol protocol, Staging staging, NettyRegions regions) {
        this.staging = staging;
        this.regions = regions;
        session = new Session(protocol);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        home = ctx.alloc().directBuffer(OUTPUT_BYTES, OUTPUT_BYTES);
        homeRegion = regions.of(home);
        output = new Output(homeRegion, staging);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf input = (ByteBuf) message;
        if (kept != null) {
            kept.discardReadBytes().writeBytes(input);
            input.release();
            input = kept;
            kept = null;
        }
        feed(ctx, input);
        if (session.status() == Session.NEEDS_ROOM) {
            proceed(ctx);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        flush(ctx);
    }

    private void feed(ChannelHandlerContext ctx, ByteBuf input) {
        int from = input.readerIndex();
        int used = session.feed(regions.of(input), from, input.writerIndex(), output);
        input.readerIndex(from + used);
        if (!input.isReadable()) {
            input.release();
        } else if (input.capacity() >= KEPT_BYTES) {
            kept = input;
        } else {
            kept = ctx.alloc().directBuffer(KEPT_BYTES).writeBytes(input);
            input.release();
        }
    }

    /** The output was full: sends it and goes on; when the client does not read, nothing is read from it meanwhile. */
    private void proceed(ChannelHandlerContext ctx) {
        flush(ctx);
        while (session.status() == Session.NEEDS_ROOM && output.length() == 0 && kept != null) {
            ByteBuf input = kept;
            kept = null;
            feed(ctx, input);
            flush(ctx);
        }
        boolean full = session.status() == Session.NEEDS_ROOM && output.length() > 0;
        if (full != paused) {
            paused = full;
            ctx.channel().config().setAutoRead(!full);
        }
    }

    private void flush(ChannelHandlerContext ctx) {
        int length = output.length() - underWay;
        if (length > 0) {
            boolean isHome = output.region() == homeRegion;
            int at = output.from() + underWay;
            ByteBuf slice = isHome ? home.retainedSlice(at, length)
                    : ctx.alloc().directBuffer(length).writeBytes(
                            output.region().segment().asSlice(at, length).asByteBuffer());
            underWay += length;
            ChannelFuture write = ctx.writeAndFlush(slice);
            if (write.isDone()) {
                sent(ctx, write, length);
            } else {
                write.addListener(done -> {
                    sent(ctx, write, length);
                    if (session.status() == Session.NEEDS_ROOM) {
                        proceed(ctx);
                    }
                });
            }
            if (session.status() == Session.CLOSES) {
                write.addListener(ChannelFutureListener.CLOSE);
            }
        } else if (session.status() == Session.CLOSES && underWay == 0) {
            ctx.close();
        }
    }

    private void sent(ChannelHandlerContext ctx, ChannelFuture write, int length) {
        underWay -= length;
        if (!write.isSuccess()) {
            ctx.close();
        } else if (home != null) {
            output.sent(length);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        session.close();
        output.drop();
        home.release();
        home = null;
        if (kept != null) {
            kept.release();
            kept = null;
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
