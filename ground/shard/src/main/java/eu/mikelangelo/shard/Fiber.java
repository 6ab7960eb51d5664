package eu.mikelangelo.shard;

import eu.mikelangelo.shard.loop.FiberEngine;
import eu.mikelangelo.shard.loop.TimerWheel;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;

/**
 * Code in direct style that may wait without holding up its shard: a virtual thread that its shard carries. As a
 * {@link Future} it stands for what its code returns. It never leaves its shard, and nothing else of the shard runs
 * until it waits, yields or ends, so it needs no locks.
 *
 * <p>Made by {@link Shard#fiber}. Inside, all of {@code java.lang.Thread} works; confined arenas do not (their owner is
 * the thread that made them, and each fiber is a thread of its own), and a call that blocks in native code blocks the
 * shard.
 */
public final class Fiber<T> extends Future<T> implements Runnable, Executor, Future.Waiter {
    private final Lane.Queue lane;
    private Context context;
    private final Thread thread;
    /** What the engine gave us to go on with; the same object each time. */
    private Runnable continuation;
    private Alarm alarm;
    private boolean yielding;

    /** Wakes the fiber at its deadline. */
    private final class Alarm extends TimerWheel.Entry {
        @Override
        protected void due() {
            ready();
        }
    }

    Fiber(Shard shard, Lane.Queue lane, Context context, Callable<? extends T> body) {
        super(shard);
        this.lane = lane;
        this.context = context;
        thread = shard.host().engine().thread(this, () -> live(body));
    }

    void start() {
        shard.host().engine().start(thread);
    }

    private void live(Callable<? extends T> body) {
        try {
            context.check(shard.clockNs());
            T value = body.call();
            shard.fiberEnds();
            settle(value);
        } catch (Throwable thrown) {
            shard.fiberEnds();
            settleFailed(thrown);
        }
    }

    /** The fiber that calls. @throws IllegalStateException when none does */
    static Fiber<?> current(String what) {
        Shard shard = Shard.current();
        Fiber<?> fiber = shard == null ? null : shard.running();
        if (fiber == null) {
            throw new IllegalStateException(what + " off a fiber would block the loop for ever; use map, then or"
                    + " whenDone, or begin a fiber with Shard.fiber");
        }
        return fiber;
    }

    /** Lets all other work of the shard that is due go first. Only on a fiber. */
    public static void yieldNow() {
        Fiber<?> fiber = current("yield");
        fiber.yielding = true;
        fiber.lane.push(fiber::othersHadTheirTurn);
        while (fiber.yielding) {   // a foreign unpark does not count
            fiber.shard.host().engine().park();
        }
    }

    /**
     * {@link #yieldNow}, if what runs has had the loop for longer than a turn should take: for long computations, which
     * say it now and then. It costs a look at the clock. Only on a fiber. @return whether others had their turn
     */
    public static boolean yieldIfDue() {
        Shard shard = current("yield").shard;
        boolean due = shard.clockNs() - shard.nowNs() >= Shard.BUDGET_NS;
        if (due) {
            yieldNow();
        }
        return due;
    }

    private void othersHadTheirTurn() {
        yielding = false;
        ready();
    }

    /** Waits. Only on a fiber. @throws Context.Ended when its context ends first */
    public static void sleepNs(long ns) {
        Fiber<?> fiber = current("sleep");
        Promise<Void> time = new Promise<>();
        Timer timer = fiber.shard.after(ns, () -> time.complete(null));
        try {
            time.await();
        } finally {
            timer.close();
        }
    }

    /** The engine has more of this fiber to run. Any thread. */
    @Override
    public void execute(Runnable more) {
        continuation = more;
        if (shard.isCurrent()) {
            lane.push(this);
        } else {
            shard.host().outside(shard).enqueue(() -> lane.push(this));
        }
    }

    /** The loop goes on with this fiber. Not for users. */
    @Override
    public void run() {
        Context before = shard.enter(context);
        shard.running(this);
        continuation.run();
        shard.running(null);
        shard.enter(before);
    }

    @Override
    public void ready() {
        shard.host().engine().unpark(thread);
    }

    /** Parks until the future is done, whatever becomes of the context. */
    void waitAnyway(Future<?> future) {
        future.tell(this);
        while (!future.isDone()) {
            shard.host().engine().park();
        }
    }

    /** Parks until the future is done. @throws Context.Ended when the context ends first */
    void waitFor(Future<?> future) {
        future.tell(this);
        try {
            park(future, null);
        } finally {
            future.untell(this);
        }
    }

    /** Parks until the signal is raised. @throws Context.Ended when the context ends first */
    void park(Signal signal) {
        park(null, signal);
    }

    /** One of the two is not null. */
    private void park(Future<?> future, Signal signal) {
        FiberEngine engine = shard.host().engine();
        if (context == Context.NONE) {
            while (future != null ? !future.isDone() : !signal.isRaised()) {
                engine.park();
            }
            return;
        }
        context.check(shard.clockNs());
        context.enter(this);
        setAlarm();
        try {
            while (future != null ? !future.isDone() : !signal.isRaised()) {
                engine.park();
                if (future != null ? !future.isDone() : !signal.isRaised()) {
                    context.check(shard.clockNs());
                }
            }
        } finally {
            if (alarm != null) {
                shard.timers().cancel(alarm);
            }
            context.leave(this);
        }
    }

    private void setAlarm() {
        if (context.deadlineNs() != Long.MAX_VALUE) {
            alarm = alarm == null ? new Alarm() : alarm;
            shard.timers().set(alarm, context.deadlineNs());
        }
    }

    /** Goes on in another context. @return the one before */
    Context change(Context to) {
        Context before = context;
        context = to;
        shard.enter(to);
        return before;
    }

    boolean isVirtual() {
        return thread.isVirtual();
    }

    long threadId() {
        return thread.threadId();
    }

    /** Where it is now, for reports. Any thread. */
    StackTraceElement[] stack() {
        return thread.getStackTrace();
    }
}
