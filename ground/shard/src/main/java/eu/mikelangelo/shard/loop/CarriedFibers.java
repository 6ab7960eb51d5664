package eu.mikelangelo.shard.loop;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;

/**
 * Virtual threads carried by their shard: each continuation is a task of its loop. JDK 25 has the constructor for that
 * but shows it to nobody, so it needs {@code --add-opens java.base/java.lang=ALL-UNNAMED} (or the module's name), and
 * is tried out before use.
 */
final class CarriedFibers implements FiberEngine {
    private static final String BUILDER = "java.lang.ThreadBuilders$VirtualThreadBuilder";
    private static final MethodHandle NEW_BUILDER;
    private static final String WHY_NOT;

    static {
        MethodHandle found = null;
        String no = null;
        try {
            Class<?> type = Class.forName(BUILDER);
            found = MethodHandles.privateLookupIn(type, MethodHandles.lookup())
                    .findConstructor(type, MethodType.methodType(void.class, Executor.class))
                    .asType(MethodType.methodType(Thread.Builder.class, Executor.class));
        } catch (ReflectiveOperationException | RuntimeException refused) {
            no = "needs --add-opens java.base/java.lang=ALL-UNNAMED (" + refused.getMessage() + ")";
        }
        NEW_BUILDER = found;
        WHY_NOT = no == null ? tryOut() : no;
    }

    /** Why carried fibers do not work here; null when they do. */
    static String whyNot() {
        return WHY_NOT;
    }

    /** Runs one fiber, parks it, lets it go on, and looks at who carried it. */
    private static String tryOut() {
        ArrayDeque<Runnable> loop = new ArrayDeque<>();
        Thread[] carriers = new Thread[2];
        try {
            Thread fiber = make(loop::add, () -> {
                carriers[0] = Carrier.current();
                LockSupport.park();
                carriers[1] = Carrier.current();
            });
            fiber.start();
            loop.remove().run();
            LockSupport.unpark(fiber);
            loop.remove().run();
        } catch (RuntimeException broken) {
            return "failed its test: " + broken;
        }
        return carriers[0] == Thread.currentThread() && carriers[1] == Thread.currentThread() ? null
                : "failed its test: a fiber was carried elsewhere";
    }

    private static Thread make(Executor executor, Runnable body) {
        try {
            return ((Thread.Builder) NEW_BUILDER.invokeExact(executor)).unstarted(body);
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    @Override
    public String name() {
        return "carried (virtual threads on their shard)";
    }

    @Override
    public Thread thread(Executor executor, Runnable body) {
        return make(executor, body);
    }

    @Override
    public void start(Thread thread) {
        thread.start();
    }

    @Override
    public void park() {
        LockSupport.park();
    }

    @Override
    public void unpark(Thread thread) {
        LockSupport.unpark(thread);
    }
}
