package eu.mikelangelo.shard;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.metrics.Counters;
import eu.mikelangelo.shard.loop.Carrier;
import eu.mikelangelo.shard.loop.EpollDevice;
import eu.mikelangelo.shard.loop.PooledFibers;
import eu.mikelangelo.shard.loop.TimerWheel;
import eu.mikelangelo.shard.loop.Watchers;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.Callable;

/**
 * One core of a {@link Host}: a loop, and everything that belongs to it alone. Its turn: take what the devices have
 * completed; take mail; poll the agents; give the lanes their time, each by its shares; look at the timers; send mail
 * and, when nothing was done for a while, sleep until something comes.
 *
 * <p>Threading: all methods are for the shard's own tasks and fibers, unless they say otherwise.
 */
public final class Shard {
    /** What lanes get before the loop looks elsewhere. */
    static final long BUDGET_NS = 500_000;
    /** Tasks between two looks at the clock. */
    private static final int TASKS_PER_LOOK = 8;
    /** Mail and foreign calls taken from one sender in a turn. */
    private static final int MAIL_PER_TURN = 256;
    /** The devices cost a system call: not asked more often than this while the loop spins. */
    private static final long DEVICE_PERIOD_NS = 2_000;
    /** Looks for mail between two turns that found nothing. */
    private static final int SPINS = 100;
    private static final VarHandle ASLEEP;

    static final int TURNS = 0;
    static final int SLEEPS = 1;
    static final int WAKES = 2;
    static final int MAIL_IN = 3;
    static final int MAIL_REFUSED = 4;
    static final int TIMERS = 5;
    static final int EVENTS = 6;
    static final int COUNTERS = 7;

    static {
        try {
            ASLEEP = MethodHandles.lookup().findVarHandle(Shard.class, "asleep", boolean.class);
        } catch (ReflectiveOperationException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** The thread of a loop. */
    static final class Loop extends Thread {
        final Shard shard;

        Loop(Shard shard, String name) {
            super(null, shard::live, name, 0, false);
            this.shard = shard;
        }
    }

    private final Host host;
    private final int index;
    private final int cpu;
    private final Loop loop;
    private final HotCalls calls = new HotCalls();
    private final EpollDevice device = new EpollDevice(calls);
    private final Watchers<Watcher> watchers = new Watchers<>();
    private final TimerWheel timers = new TimerWheel(Clock.nowNs());
    private final Lane.Queue[] lanes;
    private final Counters counters = new Counters(COUNTERS);
    private final Counters stalls = new Counters(1);
    private final int wakeFd = Fds.eventFd();
    private final long wakeToken;
    private Agent[] agents = new Agent[0];
    /** From and to the others, by their index; null for ourselves. */
    private Mailbox[] inboxes;
    private Mailbox[] outboxes;
    private int held;

    private long nowNs;
    private long workedNs;
    private long deviceNs;
    private Lane.Queue lane;
    private Context context = Context.NONE;
    private Fiber<?> running;
    private int fibers;
    private volatile boolean asleep;
    private volatile boolean stopped;

    /** @param cpu to pin to, -1 for none */
    Shard(Host host, int index, int cpu) {
        this.host = host;
        this.index = index;
        this.cpu = cpu;
        lanes = new Lane.Queue[Host.MAX_LANES];
        wakeToken = watchers.add(what -> calls.drain(wakeFd));
        device.watchInput(wakeFd, wakeToken);
        loop = new Loop(this, host.options().name() + "-shard-" + index);
    }

    /** The shard that the caller runs on; null on other threads. Any thread. */
    public static Shard current() {
        Thread thread = Carrier.current();
        if (thread instanceof Loop loop) {
            return loop.shard;
        }
        boolean fiber = thread instanceof PooledFibers.Baton baton && baton.executor() instanceof Fiber<?>;
        return fiber ? ((Fiber<?>) ((PooledFibers.Baton) thread).executor()).shard : null;
    }

    /** Whether the caller runs on this shard. Any thread. */
    public boolean isCurrent() {
        return current() == this;
    }

    /** Any thread. */
    public Host host() {
        return host;
    }

    /** 0 to the number of shards less 1. Any thread. */
    public int index() {
        return index;
    }

    /** The CPU that it is pinned to, -1 for none. Any thread. */
    public int cpu() {
        return cpu;
    }

    /** When this turn looked at the clock. */
    public long nowNs() {
        return nowNs;
    }

    /** System calls with this shard's place for errno. */
    public HotCalls calls() {
        return calls;
    }

    /** Begins a fiber in the lane and the context of the caller. */
    public <T> Fiber<T> fiber(Callable<? extends T> body) {
        return fiber(lane, context, body);
    }

    /** Begins a fiber in a lane. */
    public <T> Fiber<T> fiber(Lane in, Callable<? extends T> body) {
        return fiber(queue(in), context, body);
    }

    <T> Fiber<T> fiber(Lane.Queue in, Context with, Callable<? extends T> body) {
        assert isCurrent() : "not this shard";
        Fiber<T> fiber = new Fiber<>(this, in, with, body);
        fibers++;
        fiber.start();
        return fiber;
    }

    void fiberEnds() {
        fibers--;
    }

    /** Fibers that have not ended. */
    public int fibers() {
        return fibers;
    }

    /** Does something later, in the lane and the context of the caller. */
    public void execute(Runnable task) {
        new Task(this, task::run).ready();
    }

    /** Does something later in a lane. */
    public void execute(Lane in, Runnable task) {
        new Task(this, queue(in), context, task::run).ready();
    }

    /** Does something once, {@code ns} from now. */
    public Timer after(long ns, Runnable task) {
        Timer timer = new Timer(this, new Task(this, task::run), 0);
        timers.set(timer, Clock.nowNs() + ns);
        return timer;
    }

    /** Does something every {@code ns}, first in {@code ns} from now; a late turn is not made up for. */
    public Timer every(long ns, Runnable task) {
        if (ns <= 0) {
            throw new IllegalArgumentException("a period of " + ns + " ns");
        }
        Timer timer = new Timer(this, new Task(this, task::run), ns);
        timers.set(timer, Clock.nowNs() + ns);
        return timer;
    }

    /** Makes an agent part of the loop. */
    public void add(Agent agent) {
        assert isCurrent() : "not this shard";
        agents = Arrays.copyOf(agents, agents.length + 1);
        agents[agents.length - 1] = agent;
    }

    /** Takes an agent out of the loop; one that is not in it is no error. */
    public void remove(Agent agent) {
        assert isCurrent() : "not this shard";
        agents = Arrays.stream(agents).filter(each -> each != agent).toArray(Agent[]::new);
    }

    /**
     * Watches a descriptor, edge-triggered: the watcher is told when it becomes readable or writable, and at first. What
     * it does runs in the loop: short, without waiting, without throwing.
     *
     * @return the token for {@link #unwatch}
     */
    public long watch(int fd, Watcher watcher) {
        assert isCurrent() : "not this shard";
        long token = watchers.add(watcher);
        try {
            device.watch(fd, token);
        } catch (RuntimeException refused) {
            watchers.remove(token);
            throw refused;
        }
        return token;
    }

    /** Stops watching; the descriptor is still the caller's to close. */
    public void unwatch(int fd, long token) {
        assert isCurrent() : "not this shard";
        watchers.remove(token);
        device.forget(fd);
    }

    TimerWheel timers() {
        return timers;
    }

    Lane.Queue lane() {
        return lane;
    }

    /**
     * Something to do again and again without a new object each time: handed to {@link Again#soon} it runs in the lane
     * of the caller of this method, without a context.
     */
    public Again again(Runnable task) {
        return new Again(lane, task);
    }

    /** A task that is made once; see {@link Shard#again}. */
    public static final class Again implements Runnable {
        private final Lane.Queue in;
        private final Runnable task;
        private boolean waits;

        private Again(Lane.Queue in, Runnable task) {
            this.in = in;
            this.task = task;
        }

        /** Runs it in a turn to come; several calls before that are one. */
        public void soon() {
            if (!waits) {
                waits = true;
                in.push(this);
            }
        }

        /** For the loop. */
        @Override
        public void run() {
            waits = false;
            try {
                task.run();
            } catch (Throwable thrown) {
                Shard.current().host().record(thrown);
            }
        }
    }

    Lane.Queue queue(Lane of) {
        Lane.Queue queue = lanes[of.index()];
        if (queue == null) {
            queue = new Lane.Queue(of, lanes);
            lanes[of.index()] = queue;
        }
        return queue;
    }

    Lane.Queue[] queues() {
        return lanes;
    }

    Context context() {
        return context;
    }

    /** @return the context before */
    Context enter(Context now) {
        Context before = context;
        context = now;
        return before;
    }

    Fiber<?> running() {
        return running;
    }

    void running(Fiber<?> fiber) {
        running = fiber;
    }

    Counters counters() {
        return counters;
    }

    Thread thread() {
        return loop;
    }

    /** Counted by the detector's thread alone. */
    void stalled() {
        stalls.add(0, 1);
    }

    long stalls() {
        return stalls.get(0);
    }

    boolean isAsleep() {
        return asleep;
    }

    /** Joins the shards: called once, before the loops start. */
    void connect(Mailbox[] in, Mailbox[] out) {
        inboxes = in;
        outboxes = out;
    }

    void start() {
        lane = queue(host.defaultLane());
        loop.start();
    }

    /** Ends the loop after its present turn. Any thread. */
    void stop() {
        stopped = true;
        wakeIfAsleep();
    }

    /** Puts mail on its way. @return false when the other shard has no room, which is counted */
    boolean send(int to, Mail mail) {
        if (outboxes[to].send(mail)) {
            return true;
        }
        counters.add(MAIL_REFUSED, 1);
        return false;
    }

    /** Sends, holding it back until there is room: tried again at each turn, in the order of sending. */
    void sendWhenThereIsRoom(int to, Mail mail) {
        if (to == index) {
            mail.arrive(this);
        } else if (outboxes[to].held() > 0 || !send(to, mail)) {
            outboxes[to].hold(mail);
            held++;
        }
    }

    /** How much waits for room in another shard's mailbox. */
    int waitingForRoom(int to) {
        return to == index ? 0 : outboxes[to].held();
    }

    /** Pairs with {@link #sleep}: there "asleep" is stored before the news are read, here the news before "asleep" is. */
    void wakeIfAsleep() {
        VarHandle.fullFence();
        if (asleep && ASLEEP.compareAndSet(this, true, false)) {
            Shard caller = current();
            if (caller != null) {
                caller.calls.signal(wakeFd);
            } else {
                host.signalFromOutside(wakeFd);
            }
        }
    }

    private void live() {
        host.place(this);
        workedNs = Clock.nowNs();
        Throwable last = null;
        while (!stopped) {
            try {
                if (last != null) {
                    // Within the try: dealing with one may raise the next.
                    Throwable thrown = last;
                    last = null;
                    broken(thrown);
                }
                if (turn() > 0) {
                    workedNs = nowNs;
                } else if (nowNs - workedNs >= host.options().spinNs()) {
                    sleep();
                } else {
                    spin();
                }
            } catch (Throwable thrown) {
                last = thrown;
            }
        }
    }

    private void broken(Throwable thrown) {
        asleep = false;
        boolean known = false;
        for (Agent agent : agents) {
            known |= agent.broken(thrown);
        }
        if (!known) {
            host.record(thrown);
        }
    }

    /** Looks for mail alone, many times, for a turn costs a hundred times as much; agents want whole turns. */
    private void spin() {
        for (int i = agents.length == 0 ? SPINS : 1; i > 0 && !mailWaits(); i--) {
            Thread.onSpinWait();
        }
    }

    private boolean mailWaits() {
        for (Mailbox inbox : inboxes) {
            if (inbox != null && inbox.hasNews()) {
                return true;
            }
        }
        return false;
    }

    void closeDescriptors() {
        device.close();
        Fds.close(wakeFd);
    }

    private int turn() {
        nowNs = Clock.nowNs();
        counters.add(TURNS, 1);
        int work = 0;
        if (nowNs - deviceNs >= DEVICE_PERIOD_NS) {
            deviceNs = nowNs;
            work += events(0);
        }
        work += mail();
        for (Agent agent : agents) {
            work += agent.poll(nowNs);
        }
        work += lanes(nowNs + BUDGET_NS);
        int due = timers.advance(nowNs);
        counters.add(TIMERS, due);
        flush();
        return work + due;
    }

    private int events(int timeoutMs) {
        int count = device.poll(timeoutMs);
        for (int i = 0; i < count; i++) {
            Watcher watcher = watchers.get(device.token(i));
            if (watcher != null) {
                watcher.ready(device.ready(i));
            }
        }
        counters.add(EVENTS, count);
        return count;
    }

    private int mail() {
        int arrived = 0;
        for (Mailbox inbox : inboxes) {
            if (inbox != null) {
                arrived += inbox.drain(MAIL_PER_TURN);
            }
        }
        counters.add(MAIL_IN, arrived);
        return arrived + host.outside(this).drain(MAIL_PER_TURN);
    }

    private int lanes(long untilNs) {
        int done = 0;
        long since = nowNs;
        Lane.Queue home = lane;
        for (Lane.Queue next = Lane.Queue.next(lanes); next != null && since < untilNs; next = Lane.Queue.next(lanes)) {
            lane = next;
            int tasks = 0;
            for (Runnable task = next.poll(); task != null; task = ++tasks < TASKS_PER_LOOK ? next.poll() : null) {
                task.run();
            }
            nowNs = Clock.nowNs();
            next.charge(nowNs - since, tasks);
            since = nowNs;
            done += tasks;
        }
        lane = home;
        return done;
    }

    private void flush() {
        for (Mailbox outbox : outboxes) {
            if (outbox != null) {
                held -= outbox.sendHeld();
                outbox.flush();
            }
        }
    }

    /** Sleeps until something comes. The order is store "asleep", fence, look at everything, and only then block. */
    private void sleep() {
        boolean quiet = true;
        for (Agent agent : agents) {
            quiet &= agent.beforeSleep();
        }
        asleep = true;
        VarHandle.fullFence();
        if (quiet && !hasNews() && held == 0) {
            counters.add(SLEEPS, 1);
            int woken = events(timeoutMs());
            counters.add(WAKES, woken > 0 ? 1 : 0);
            workedNs = woken > 0 ? Clock.nowNs() : workedNs;
        }
        asleep = false;
        for (Agent agent : agents) {
            agent.afterSleep();
        }
    }

    private boolean hasNews() {
        return mailWaits() || stopped || host.outside(this).hasNews() || Lane.Queue.next(lanes) != null;
    }

    private int timeoutMs() {
        long next = timers.nextNs();
        for (Agent agent : agents) {
            next = Math.min(next, agent.deadlineNs());
        }
        if (next == Long.MAX_VALUE) {
            return -1;
        }
        return Math.clamp((next - Clock.nowNs() + 999_999) / 1_000_000, 0, 60_000);
    }

    @Override
    public String toString() {
        return "shard " + index;
    }
}
