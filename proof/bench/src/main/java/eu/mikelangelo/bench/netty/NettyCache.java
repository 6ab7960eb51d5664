package eu.mikelangelo.bench.netty;

import eu.mikelangelo.examples.cache.Protocol;
import eu.mikelangelo.examples.cache.Request;
import eu.mikelangelo.examples.cache.StagingPool;
import eu.mikelangelo.examples.cache.Store;
import eu.mikelangelo.examples.cache.StoreOptions;
import eu.mikelangelo.memory.Region;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringBufferRingConfig;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringFixedBufferRingAllocator;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.util.internal.PlatformDependent;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * The cache on Netty 4.2: one event loop, its native transports, pooled direct buffers, one flush when what has come is
 * read. Protocol and store are those of examples/cache, so that only the loop differs.
 */
public final class NettyCache {
    private static final int INPUT_LIMIT = 64 << 10;
    private static final int BACKLOG = 4096;
    private static final int STAGING_BUFFERS = 16;
    private static final int STAGING_BYTES = (1 << 20) + 4096;
    private static final short RING_GROUP = 1;
    private static final short RING_BUFFERS = 256;
    private static final int RING_BUFFER_BYTES = 8 << 10;

    private NettyCache() {}

    /** {@code TRANSPORT MEMORY_MIB}, the transport being epoll, io_uring or io_uring-ring (buffers of a ring). */
    public static void main(String[] args) throws Exception {
        String transport = args[0];
        EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, handler(transport));
        Class<? extends ServerChannel> kind = transport.equals("epoll") ? EpollServerSocketChannel.class
                : IoUringServerSocketChannel.class;
        Arena arena = Arena.global();
        Store store = new Store(arena, StoreOptions.ofMemory(Long.parseLong(args[1]) << 20), seconds());
        StagingPool staging = new StagingPool(arena, STAGING_BUFFERS, STAGING_BYTES);
        Request request = new Request(new Region(arena.allocate(Request.MIN_MEMORY, 8)));
        Protocol protocol = new Protocol(System.nanoTime(), INPUT_LIMIT, StoreOptions.MAX_ITEM, staging, request,
                store);
        NettyRegions regions = new NettyRegions();
        loop.next().scheduleAtFixedRate(() -> store.clock(seconds()), 1, 1, TimeUnit.SECONDS);
        ServerBootstrap server = new ServerBootstrap().group(loop).channel(kind)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new NettyClient(protocol, staging, regions));
                    }
                });
        if (transport.equals("io_uring-ring")) {
            server.childOption(IoUringChannelOption.IO_URING_BUFFER_GROUP_ID, RING_GROUP);
        }
        Channel listener = server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).sync().channel();
        System.err.println("netty: " + transport + ", unsafe " + PlatformDependent.hasUnsafe());
        System.out.println("cache: listening on 127.0.0.1:" + ((InetSocketAddress) listener.localAddress()).getPort());
        listener.closeFuture().sync();
    }

    private static IoHandlerFactory handler(String transport) {
        return switch (transport) {
            case "epoll" -> EpollIoHandler.newFactory();
            case "io_uring" -> {
                IoUring.ensureAvailability();
                yield IoUringIoHandler.newFactory();
            }
            case "io_uring-ring" -> {
                if (!IoUring.isRegisterBufferRingSupported()) {
                    throw new IllegalStateException("this kernel knows no ring of buffers");
                }
                yield IoUringIoHandler.newFactory(new IoUringIoHandlerConfig().setBufferRingConfig(
                        IoUringBufferRingConfig.builder().bufferGroupId(RING_GROUP).bufferRingSize(RING_BUFFERS)
                                .batchSize(RING_BUFFERS / 2)
                                .allocator(new IoUringFixedBufferRingAllocator(PooledByteBufAllocator.DEFAULT,
                                        RING_BUFFER_BYTES)).build()));
            }
            default -> throw new IllegalArgumentException("no transport " + transport);
        };
    }

    private static long seconds() {
        return System.currentTimeMillis() / 1000;
    }
}
